r"""The Hessian of a one-hidden-layer network, assembled from products with shared Gram features.

With slope s[o] and bend c[o] of the loss with respect to the output net input z2[o] (both
already divided by samples times outputs), f' and f'' at the hidden net inputs z1[j], and
u[j] = sum_o s[o] W2[o,j], the distinct entries are sums over samples of

- W1~[j,i], W1~[j',i']: (sum_o c[o] W2[o,j] W2[o,j'] f'[j] f'[j'] + [j=j'] u[j] f''[j]) x~[i] x~[i']
- W1~[j,i], W2~[o,l]:   (c[o] W2[o,j] f'[j] h~[l] + [j=l] s[o] f'[j]) x~[i]
- W2~[o,l], W2~[o,l']:  c[o] h~[l] h~[l'],

where a tilde appends the bias: x~ and h~ end in a 1. The terms with c are the Gauss-Newton part,
those with s the residual part. The products x~[i] x~[i'] do not depend on the weights, so all
points share one matrix product with them; a gather puts the distinct entries in their places.
"""

from __future__ import annotations

import torch
from torch import Tensor


class HessianLayout:
    """Where the distinct entries of the Hessian come from, for fixed layers and inputs.

    Attributes:
        size: numbers that arise per point, the largest intermediate array included.
    """

    def __init__(self, layers: tuple[int, ...], inputs: Tensor) -> None:
        self.inputs, self.hidden, self.outputs = layers
        samples = inputs.shape[1]
        extended = torch.cat([inputs, torch.ones_like(inputs[:1])])
        self.input_pairs = torch.triu_indices(self.inputs + 1, self.inputs + 1)
        self.hidden_pairs = torch.triu_indices(self.hidden, self.hidden)
        rows, columns = self.input_pairs
        self.gram = (extended[rows] * extended[columns]).T.contiguous()
        self.extended = extended.T.contiguous()
        rows, columns = self.hidden_pairs
        self.hidden_diagonal = torch.nonzero(rows == columns).flatten()
        self.place = self._places()
        mixed = (self.hidden + 1) * min(self.outputs * self.hidden, self.inputs + 1)
        self.size = max(mixed * samples, len(rows) * samples, self.place.numel())

    def assemble(
        self, h: Tensor, first: Tensor, second: Tensor, w2: Tensor, slope: Tensor, bend: Tensor
    ) -> Tensor:
        """Return the Hessians, shape (points, num_weights, num_weights)."""
        h_extended = torch.cat([h, torch.ones_like(h[:, :1])], dim=1)
        entries = [
            self._first_layer(first, w2, bend, second * torch.bmm(w2.mT, slope)),
            self._between_layers(h_extended, first, w2, slope, bend),
            self._second_layer(h_extended, bend),
            h.new_zeros(len(h), 1),
        ]
        num_weights = int(self.place.numel() ** 0.5)
        distinct = torch.cat(entries, dim=1)
        return distinct[:, self.place].unflatten(1, (num_weights, num_weights))

    def _first_layer(self, first: Tensor, w2: Tensor, bend: Tensor, residual: Tensor) -> Tensor:
        rows, columns = self.hidden_pairs
        outgoing = w2.index_select(2, rows) * w2.index_select(2, columns)
        pairs = torch.bmm(outgoing.mT, bend)
        pairs = pairs * first.index_select(1, rows) * first.index_select(1, columns)
        pairs.index_add_(1, self.hidden_diagonal, residual)
        return (pairs.flatten(0, 1) @ self.gram).unflatten(0, pairs.shape[:2]).flatten(1)

    def _between_layers(
        self, h_extended: Tensor, first: Tensor, w2: Tensor, slope: Tensor, bend: Tensor
    ) -> Tensor:
        points, h1 = h_extended.shape[:2]
        curved = bend.unsqueeze(2) * w2.unsqueeze(-1) * first.unsqueeze(1)
        residual = (slope.unsqueeze(2) * first.unsqueeze(1)).flatten(0, 2) @ self.extended
        # The product over samples has three factors, c W2 f', h~ and x~. The smaller of the two
        # ways to multiply out a pair of them first is taken.
        if self.outputs * self.hidden > self.inputs + 1:
            pairs = (h_extended.unsqueeze(2) * self.extended.T).flatten(1, 2)
            mixed = torch.bmm(curved.flatten(1, 2), pairs.mT)
        else:
            pairs = (curved.unsqueeze(3) * h_extended[:, None, None]).flatten(0, 3)
            mixed = pairs @ self.extended
        mixed = mixed.view(points, self.outputs, self.hidden, h1, self.inputs + 1)
        own = mixed.diagonal(dim1=2, dim2=3)  # (points, outputs, inputs, hidden)
        own += residual.view(points, self.outputs, self.hidden, self.inputs + 1).mT
        return mixed.flatten(1)

    @staticmethod
    def _second_layer(h_extended: Tensor, bend: Tensor) -> Tensor:
        weighted = (bend.unsqueeze(2) * h_extended.unsqueeze(1)).flatten(1, 2)
        return torch.bmm(weighted, h_extended.mT).flatten(1)

    def _places(self) -> Tensor:
        """For each cell of the Hessian, flattened, the position of its distinct entry."""
        kinds, units, partners = self._weights()
        m = len(kinds)
        d, h1 = self.inputs + 1, self.hidden + 1
        num_first = self.hidden_pairs.shape[1] * self.input_pairs.shape[1]
        num_mixed = self.outputs * self.hidden * h1 * d
        num_second = self.outputs * h1 * h1
        pair_h, pair_x = _pair_numbers(self.hidden), _pair_numbers(d)
        a, b = torch.meshgrid(torch.arange(m), torch.arange(m), indexing="ij")
        ka, ua, pa, kb, ub, pb = (t[i] for i in (a, b) for t in (kinds, units, partners))
        hidden_a, hidden_b = ua.clamp(max=self.hidden - 1), ub.clamp(max=self.hidden - 1)
        input_a, input_b = pa.clamp(max=d - 1), pb.clamp(max=d - 1)
        first = pair_h[hidden_a, hidden_b] * self.input_pairs.shape[1] + pair_x[input_a, input_b]
        upper = num_first + ((ub * self.hidden + ua) * h1 + pb) * d + pa
        lower = num_first + ((ua * self.hidden + ub) * h1 + pa) * d + pb
        second = num_first + num_mixed + (ua * h1 + torch.minimum(pa, pb)) * h1
        second = second + torch.maximum(pa, pb)
        none = torch.full_like(a, num_first + num_mixed + num_second)
        place = torch.where(ua == ub, second, none)
        place = torch.where((ka == 0) & (kb == 1), upper, place)
        place = torch.where((ka == 1) & (kb == 0), lower, place)
        return torch.where((ka == 0) & (kb == 0), first, place).flatten()

    def _weights(self) -> tuple[Tensor, Tensor, Tensor]:
        """For each weight: its layer (0 or 1), the unit it feeds, the unit it comes from.

        Biases come from one unit past the last.
        """
        layer1 = [(0, j, i) for j in range(self.hidden) for i in range(self.inputs)]
        layer1 += [(0, j, self.inputs) for j in range(self.hidden)]
        layer2 = [(1, o, j) for o in range(self.outputs) for j in range(self.hidden)]
        layer2 += [(1, o, self.hidden) for o in range(self.outputs)]
        kinds, units, partners = torch.tensor(layer1 + layer2).T
        return kinds, units, partners


def _pair_numbers(count: int) -> Tensor:
    """Return the symmetric table of the numbers that triu_indices gives to unordered pairs."""
    rows, columns = torch.triu_indices(count, count)
    table = torch.empty(count, count, dtype=torch.long)
    table[rows, columns] = torch.arange(len(rows))
    table[columns, rows] = torch.arange(len(rows))
    return table
