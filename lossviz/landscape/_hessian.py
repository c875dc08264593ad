r"""The Hessian of a network with one hidden layer, from products with shared Gram features.

With slope s[o] and bend c[o,q] of the loss with respect to the output net inputs z2[o], z2[q]
(both already means over samples), f' and f'' at the hidden net inputs z1[j], the products
t[o,j] = sum_q c[o,q] W2[q,j] and u[j] = sum_o s[o] W2[o,j], the distinct entries are sums over
samples of

- W1~[j,i], W1~[j',i']: (sum_o W2[o,j] t[o,j'] f'[j] f'[j'] + [j=j'] u[j] f''[j]) x~[i] x~[i']
- W1~[j,i], W2~[o,l]:   (t[o,j] f'[j] h~[l] + [j=l] s[o] f'[j]) x~[i]
- W2~[o,l], W2~[q,l']:  c[o,q] h~[l] h~[l'],

where a tilde appends the bias: x~ and h~ end in a 1. Without softmax c[o,q] is 0 for o != q. The
terms with c are the Gauss-Newton part, those with s the residual part. The products x~[i] x~[i']
do not depend on the weights, so all points share one matrix product with them.

Where the samples leave some directions of x~ empty, as dependent or constant inputs do, x~ may be
replaced by its coordinates in an orthonormal basis of what they fill: the Hessian in these
coordinates has the same eigenvalues but for zeros.
"""

from __future__ import annotations

from functools import cached_property

import torch
from torch import Tensor

# Up to this many rows, entries are summed by compiled code: products of few rows by few columns
# cost more in calls than in arithmetic.
SMALL = 100


class HessianLayout:
    """Where the distinct entries of the Hessian come from, for fixed layers and samples.

    Args:
        features: x~ or its coordinates, (features, samples).
        hidden: number of hidden units.
        outputs: number of outputs.
        coupled: whether outputs influence each other's slope.

    Attributes:
        size: numbers that arise per point, the largest intermediate array included.
        num_weights: rows of the Hessian.
        num_entries: distinct entries of a Hessian, and one that is 0.
    """

    def __init__(self, features: Tensor, hidden: int, outputs: int, *, coupled: bool) -> None:
        self.features, self.hidden, self.outputs = features, hidden, outputs
        self.coupled = coupled
        self.inputs, samples = features.shape  # features take the place of inputs
        device = features.device
        self.hidden_pairs = torch.triu_indices(hidden, hidden, device=device)
        rows, columns = self.hidden_pairs
        self.hidden_diagonal = torch.nonzero(rows == columns).flatten()
        self.num_weights = hidden * self.inputs + outputs * (hidden + 1)
        pairs = hidden * (hidden + 1) // 2 * (self.inputs * (self.inputs + 1) // 2)
        second = outputs * (hidden + 1) ** 2 * (outputs if coupled else 1)
        self.num_entries = pairs + outputs * hidden * (hidden + 1) * self.inputs + second + 1
        mixed = (hidden + 1) * min(outputs * hidden, self.inputs)
        self.size = max(mixed * samples, len(rows) * samples, self.num_weights**2)

    def entries(self, h: Tensor, first: Tensor, second: Tensor, w2: Tensor, slope: Tensor,
                bend: Tensor) -> Tensor:  # fmt: skip
        """Return the distinct entries, (points, entries); ``place`` says where they belong.

        Args:
            h: h~, (points, hidden + 1, samples).
            first: f', (points, hidden, samples).
            second: f'', (points, hidden, samples).
            w2: (points, outputs, hidden).
            slope: (points, outputs, samples).
            bend: (points, outputs, samples), or with a further axis of outputs where coupled.
        """
        if self._is_small:
            return self._compiled_entries(h, first, second, w2, slope, bend)
        rows, columns = self.hidden_pairs
        if self.coupled:
            curved = torch.einsum("poqn,pqj->pojn", bend, w2)
            pairs = torch.bmm(w2.mT, curved.flatten(2)).unflatten(2, (self.hidden, h.shape[-1]))
            pairs = pairs[:, rows, columns]
        else:
            curved = bend.unsqueeze(2) * w2.unsqueeze(-1)
            outgoing = w2.index_select(2, rows) * w2.index_select(2, columns)
            pairs = torch.bmm(outgoing.mT, bend)
        parts = [
            self._first_layer(pairs, first, second * torch.bmm(w2.mT, slope)),
            self._between_layers(h, curved * first.unsqueeze(1), first, slope),
            self._second_layer(h, bend),
            h.new_zeros(len(h), 1),
        ]
        return torch.cat(parts, dim=1)

    @property
    def numbers(self) -> int:
        """How many numbers are held for a Hessian: Gram features, entries, places, the matrix."""
        gram = self.inputs * (self.inputs + 1) // 2 * self.features.shape[1]
        return gram + self.num_entries + 2 * self.num_weights**2

    @property
    def _is_small(self) -> bool:
        on_cpu = self.features.device.type == "cpu" and self.features.dtype == torch.float64
        return self.num_weights <= SMALL and on_cpu and not self.coupled

    def _compiled_entries(self, *arrays: Tensor) -> Tensor:
        # Imported when needed: the compiler takes half a second to load.
        from lossviz.landscape import _small

        out = arrays[0].new_zeros(len(arrays[0]), self.num_entries)
        tables = (self.features, self._gram_rows, out)
        _small.entries(*(array.contiguous().numpy() for array in (*arrays, *tables)))
        return out

    @cached_property
    def _gram_rows(self) -> Tensor:
        """The products x~[i] x~[i'] for i <= i', (pairs, samples)."""
        rows, columns = torch.triu_indices(self.inputs, self.inputs, device=self.features.device)
        return self.features[rows] * self.features[columns]

    @cached_property
    def _gram(self) -> Tensor:
        return self._gram_rows.T.contiguous()

    def without_shift(self, entries: Tensor) -> tuple[Tensor, Tensor]:
        """Leave out the softmax's null directions, in which all outputs change alike.

        Returns:
            Entries and their places, as plain matrices.
        """
        k, h1 = self.outputs, self.hidden + 1
        same = torch.full((k, 1), 1.0, dtype=entries.dtype, device=entries.device)
        different = torch.linalg.qr(same, mode="complete").Q[:, 1:]
        layer2 = kronecker(different, torch.eye(h1).to(entries))
        first = self.hidden * self.inputs
        kept = torch.block_diag(torch.eye(first).to(entries), layer2)
        matrices = kept.T @ entries[:, self.place] @ kept
        matrices = (matrices + matrices.mT) / 2
        n = matrices.shape[-1]
        return matrices.flatten(1), torch.arange(n * n).view(n, n)

    def _first_layer(self, pairs: Tensor, first: Tensor, residual: Tensor) -> Tensor:
        """Take sum_o W2[o,j] t[o,j'] for each pair of hidden units, (points, pairs, samples)."""
        rows, columns = self.hidden_pairs
        pairs = pairs * first.index_select(1, rows) * first.index_select(1, columns)
        pairs.index_add_(1, self.hidden_diagonal, residual)
        return (pairs.flatten(0, 1) @ self._gram).unflatten(0, pairs.shape[:2]).flatten(1)

    def _between_layers(self, h: Tensor, curved: Tensor, first: Tensor, slope: Tensor) -> Tensor:
        points, h1 = h.shape[:2]
        residual = slope.unsqueeze(2) * first.unsqueeze(1)
        residual = residual.flatten(0, 2) @ self.features.T
        # The product over samples has three factors, t f', h~ and x~. The smaller of the two
        # ways to multiply out a pair of them first is taken.
        if self.outputs * self.hidden > self.inputs:
            pairs = (h.unsqueeze(2) * self.features).flatten(1, 2)
            mixed = torch.bmm(curved.flatten(1, 2), pairs.mT)
        else:
            pairs = (curved.unsqueeze(3) * h[:, None, None]).flatten(0, 3)
            mixed = pairs @ self.features.T
        mixed = mixed.view(points, self.outputs, self.hidden, h1, self.inputs)
        own = mixed.diagonal(dim1=2, dim2=3)  # (points, outputs, features, hidden)
        own += residual.view(points, self.outputs, self.hidden, self.inputs).mT
        return mixed.flatten(1)

    def _second_layer(self, h: Tensor, bend: Tensor) -> Tensor:
        weighted = bend.unsqueeze(-2) * (h[:, None, None] if self.coupled else h.unsqueeze(1))
        return torch.bmm(weighted.flatten(1, -2), h.mT).flatten(1)

    @cached_property
    def place(self) -> Tensor:
        """For each cell of the Hessian, the position of its distinct entry, (weights, weights).

        Layer 1 comes first, then layer 2; within W1 and W2 the order is that of torch, and so
        features that are x~ itself must be sorted by the caller: see ``torch_order``.
        """
        j, i = _grid(self.hidden, self.inputs)
        o, unit = _grid(self.outputs, self.hidden + 1)
        d, h1 = self.inputs, self.hidden + 1
        pair_x, pair_h = _pair_numbers(d), _pair_numbers(self.hidden)
        first = pair_h[j[:, None], j] * (d * (d + 1) // 2) + pair_x[i[:, None], i]
        start = first.max() + 1
        mixed = start + ((o * self.hidden + j[:, None]) * h1 + unit) * d + i[:, None]
        start = start + self.outputs * self.hidden * h1 * d
        low, high = torch.minimum(unit[:, None], unit), torch.maximum(unit[:, None], unit)
        if self.coupled:
            # The block (o, q) is the transpose of (q, o): one of each pair is read.
            less, more = torch.minimum(o[:, None], o), torch.maximum(o[:, None], o)
            second = start + ((less * self.outputs + more) * h1 + low) * h1 + high
        else:
            none = start + self.outputs * h1 * h1
            second = torch.where(o[:, None] == o, start + (o * h1 + low) * h1 + high, none)
        place = torch.cat([torch.cat([first, mixed], 1), torch.cat([mixed.T, second], 1)])
        return place.to(self.features.device)


def kronecker(a: Tensor, b: Tensor) -> Tensor:
    """Return the Kronecker product of two matrices; torch's fails on some strides (2.13)."""
    product = a[:, None, :, None] * b[None, :, None, :]
    return product.reshape(a.shape[0] * b.shape[0], a.shape[1] * b.shape[1])


def torch_order(inputs: int, hidden: int, outputs: int) -> Tensor:
    """Return, for each weight in torch's order, its row where each unit's bias follows its weights.

    W1, b1, W2, b2 become W1~ = [W1 b1] and W2~ = [W2 b2], row by row.
    """
    layer1 = torch.arange(hidden * (inputs + 1)).view(hidden, inputs + 1)
    layer2 = torch.arange(outputs * (hidden + 1)).view(outputs, hidden + 1) + layer1.numel()
    parts = [layer1[:, :-1], layer1[:, -1], layer2[:, :-1], layer2[:, -1]]
    return torch.cat([part.flatten() for part in parts])


def _grid(rows: int, columns: int) -> tuple[Tensor, Tensor]:
    """Return row and column numbers of the cells of a matrix, row by row."""
    r, c = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
    return r.flatten(), c.flatten()


def _pair_numbers(count: int) -> Tensor:
    """Return the symmetric table of the numbers that triu_indices gives to unordered pairs."""
    rows, columns = torch.triu_indices(count, count)
    table = torch.empty(count, count, dtype=torch.long)
    table[rows, columns] = torch.arange(len(rows))
    table[columns, rows] = torch.arange(len(rows))
    return table
