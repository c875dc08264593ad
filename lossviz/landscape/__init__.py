"""Loss landscapes: loss, gradient and Hessian as functions of the weights."""
