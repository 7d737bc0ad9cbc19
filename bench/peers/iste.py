"""
ISTE in PyTorch, in two forms with the same weights and the same results.

Released: computed as the published code computes it. A pass over the queries for each corner, nearest sampling by grid_sample, the
whole similarity matrix with its gradient, and in prediction everything that follows the encoder's maps once more for every chunk.
The local feature interactor is the paper's (equation 1), on the machine's own operators and differentiable.

Algebra: what archc's compiler does. The four corners together, the best match without a gradient and its score from the chosen row
alone, streamed over blocks of keys; in prediction the pixel map once, its matches and its part of the decoder once for every row that
the chunk really meets.
"""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F

from swinir import SwinIR

KEYS = 1024
QUERIES = 4096
DECODED = 8192


class Interactor(nn.Module):
    """Every position looks at itself, its neighbours and their mean."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.q_linear = nn.Linear(width, width)
        self.k_linear = nn.Linear(width, width)
        self.v_linear = nn.Linear(width, width)
        self.proj = nn.Linear(width, width)

    def forward(self, x):
        batch, width, high, wide = x.shape
        around = F.unfold(F.pad(x, (1, 1, 1, 1), mode="reflect"), 3).reshape(batch, width, 9, -1).permute(0, 3, 2, 1)
        tokens = torch.cat([around.mean(2, keepdim=True), around], 2)
        split = lambda t: t.reshape(*t.shape[:-1], self.heads, -1).transpose(2, 3)
        query = split(self.q_linear(x.flatten(2).transpose(1, 2))[:, :, None])
        key, value = split(self.k_linear(tokens)), split(self.v_linear(tokens))
        share = (query @ key.transpose(-2, -1) / math.sqrt(width / self.heads)).softmax(-1)
        mixed = (share @ value).transpose(2, 3).reshape(batch, high * wide, width)
        return self.proj(mixed).transpose(1, 2).reshape(batch, width, high, wide)


class Decoder(nn.Module):
    def __init__(self, given, hidden):
        super().__init__()
        widths = [given, *hidden]
        steps = [step for a, b in zip(widths, hidden) for step in (nn.Linear(a, b), nn.ReLU())]
        self.layers = nn.Sequential(*steps, nn.Linear(widths[-1], 3))

    def forward(self, x):
        return self.layers(x)


class ISTE(nn.Module):
    def __init__(self, width, dim, embed, depths, heads):
        super().__init__()
        self.encoder = SwinIR(width, embed, depths, heads)
        self.pix_attn = Interactor(width, 8)
        conv = lambda: nn.Conv2d(width, dim, 3, padding=1)
        self.liifconv, self.coef, self.freq1, self.freq2 = conv(), conv(), conv(), conv()
        self.phase = nn.Linear(2, dim, bias=False)
        self.fusionlinear = nn.Linear(2 * dim, dim, bias=False)
        self.imnet_rgb = Decoder(dim + 4, [dim] * 3)
        self.imnet_texture = Decoder(dim, [dim] * 3)

    def loss(self, lr, coord, cell, target, draws):
        return F.l1_loss(self(lr, coord, cell, draws), target)


def centres(length):
    return -1 + 1 / length + (2 / length) * torch.arange(length, dtype=torch.float32)


class Released(ISTE):
    def features(self, lr, draws=None):
        f = self.encoder(lr, draws)
        return f, self.coef(f), self.freq1(f), self.freq2(f)

    def forward(self, lr, coord, cell, draws=None):
        return self.query(*self.features(lr, draws), coord, cell)

    def query(self, f, amplitude, down, right, coord, cell):
        batch, (high, wide) = f.shape[0], f.shape[-2:]
        pixel = self.liifconv(self.pix_attn(f))
        grid = torch.stack(torch.meshgrid(centres(high), centres(wide), indexing="ij"))[None].expand(batch, -1, -1, -1)
        size = torch.tensor([high, wide], dtype=torch.float32)
        cells = cell * size
        rgb, texture, areas = [], [], []
        for v in (-1, 1):
            for u in (-1, 1):
                moved = (coord + torch.tensor([v / high, u / wide]) + 1e-6).clamp(-1 + 1e-6, 1 - 1e-6)
                flipped = moved.flip(-1)[:, None]
                at = lambda m: F.grid_sample(m, flipped, mode="nearest", align_corners=False)[:, :, 0].transpose(1, 2)
                offset = (coord - at(grid)) * size
                phase = 2 * math.pi * torch.sigmoid(self.phase(cells))
                wave = at(amplitude) * torch.sin(at(down) * offset[..., :1] + at(right) * offset[..., 1:] + phase)
                fused = self.transfer(at(pixel), wave)
                rgb.append(self.imnet_rgb(torch.cat([fused, offset, cells], -1)))
                texture.append(self.imnet_texture(wave))
                areas.append(offset.prod(-1).abs() + 1e-9)
        total = sum(areas)
        return sum((a + b) * (area / total)[..., None] for a, b, area in zip(rgb, texture, reversed(areas)))

    def transfer(self, query, key):
        alike = torch.bmm(F.normalize(key, dim=2), F.normalize(query, dim=2).transpose(1, 2))
        score, best = alike.max(1)
        chosen = key.gather(1, best[..., None].expand_as(key))
        return query + self.fusionlinear(torch.cat([query, chosen], -1)) * score[..., None]

    compiled = ["features", "query"]

    def picture(self, lr, coord, cell, chunk, features, query):
        """[1, n, 3], `chunk` queries at a time; `features` and `query` are the methods, compiled or not."""
        maps = features(lr)
        return torch.cat([query(*maps, a, b) for a, b in zip(coord.split(chunk, 1), cell.split(chunk, 1))], 1)


def best_rows(query, key):
    """For [n, q, d] and [n, k, d] the index of the most alike key; no matrix of q * k."""
    parts = []
    for part in query.split(QUERIES, 1):
        score, best = None, None
        for number, block in enumerate(key.split(KEYS, 1)):
            found, index = torch.bmm(part, block.transpose(1, 2)).max(2)
            index = index + number * KEYS
            if score is None:
                score, best = found, index
            else:
                better = found > score
                score, best = torch.where(better, found, score), torch.where(better, index, best)
        parts.append(best)
    return torch.cat(parts, 1)


def rows_of(maps, index):
    """Rows of [B, C, H, W] at flat positions [B, ..]: [B, .., C]."""
    batch, width = maps.shape[:2]
    flat = maps.flatten(2).transpose(1, 2).reshape(-1, width)
    return F.embedding(index + start(index, maps.shape[2] * maps.shape[3]), flat)


def start(index, length):
    return (torch.arange(index.shape[0]) * length).reshape(-1, *[1] * (index.dim() - 1))


class Algebra(ISTE):
    def features(self, lr, draws=None):
        f = self.encoder(lr, draws)
        return self.liifconv(self.pix_attn(f)), self.coef(f), self.freq1(f), self.freq2(f)

    def corners(self, coord, high, wide):
        """Flat position [B, 4, q], offset [B, 4, q, 2], weight [B, 4, q]."""
        shift = torch.tensor([[v / high, u / wide] for v in (-1, 1) for u in (-1, 1)])[None, :, None]
        size = torch.tensor([high, wide], dtype=torch.float32)
        moved = (coord[:, None] + shift + 1e-6).clamp(-1 + 1e-6, 1 - 1e-6)
        place = (((moved + 1) * size - 1) / 2).round().clamp(min=0).minimum(size - 1)
        offset = (coord[:, None] - (place * (2 / size) - 1 + 1 / size)) * size
        area = offset.prod(-1).abs() + 1e-9
        index = place.long()
        return index[..., 0] * wide + index[..., 1], offset, area.flip(1) / area.sum(1, keepdim=True)

    def textures(self, amplitude, down, right, index, offset, cells):
        phase = 2 * math.pi * torch.sigmoid(self.phase(cells))
        return rows_of(amplitude, index) * torch.sin(
            rows_of(down, index) * offset[..., :1] + rows_of(right, index) * offset[..., 1:] + phase
        )

    def forward(self, lr, coord, cell, draws=None):
        pixel, amplitude, down, right = self.features(lr, draws)
        high, wide = pixel.shape[-2:]
        index, offset, weight = self.corners(coord, high, wide)
        cells = (cell * torch.tensor([high, wide]))[:, None]
        wave = self.textures(amplitude, down, right, index, offset, cells)
        fused = self.transfer(rows_of(pixel, index), wave)
        both = self.imnet_rgb(torch.cat([fused, offset, cells.expand_as(offset)], -1)) + self.imnet_texture(wave)
        return (both * weight[..., None]).sum(1)

    def transfer(self, query, key):
        """[B, 4, q, d] and [B, 4, k, d]."""
        lanes = query.shape[0] * query.shape[1]
        one, other = F.normalize(query, dim=-1), F.normalize(key, dim=-1)
        with torch.no_grad():
            best = best_rows(one.flatten(0, 1), other.flatten(0, 1)) + start(torch.empty(lanes, 1), key.shape[2])
        score = (one.flatten(0, 1) * F.embedding(best, other.flatten(0, 2))).sum(-1, keepdim=True)
        chosen = F.embedding(best, key.flatten(0, 2))
        fused = self.fusionlinear(torch.cat([query.flatten(0, 1), chosen], -1)) * score
        return query + fused.reshape(query.shape)

    compiled = ["features", "textures", "matched", "decode"]

    def picture(self, lr, coord, cell, chunk, features, textures, matched, decode):
        """[1, n, 3]; the candidates are those of a chunk; the functions are the methods, compiled or not."""
        maps = features(lr)
        pixel = maps[0].flatten(2)[0].transpose(0, 1)
        found = []
        for a, b in zip(coord.split(chunk, 1), cell.split(chunk, 1)):
            index, offset, weight = self.corners(a, *maps[0].shape[-2:])
            cells = (b * torch.tensor(maps[0].shape[-2:]))[:, None]
            met, inverse = index.unique(return_inverse=True)
            parts = [textures(*maps[1:], i, o, c) for i, o, c in zip(*(t.split(DECODED, 2) for t in (index, offset, cells)))]
            rows = matched(pixel[met], torch.cat(parts, 2)[0])
            place = inverse[0] + (torch.arange(4) * len(met))[:, None]
            pieces = zip(parts, place.split(DECODED, 1), *(t.split(DECODED, 2) for t in (offset, cells, weight)))
            found += [decode(rows, *piece) for piece in pieces]
        return torch.cat(found, 1)

    def matched(self, rows, key):
        """The first layer of the decoder on [r, d] rows, each with its best of [4, k, d]: [4 * r, d]."""
        other = F.normalize(key, dim=-1)
        one = F.normalize(rows, dim=-1).expand(4, -1, -1)
        best = best_rows(one, other)
        place = best + start(best, key.shape[1])
        score = (one * F.embedding(place, other.flatten(0, 1))).sum(-1, keepdim=True)
        half = rows.shape[1]
        weight = self.fusionlinear.weight
        fused = rows @ weight[:, :half].T + F.embedding(place, key.flatten(0, 1)) @ weight[:, half:].T
        first = self.imnet_rgb.layers[0]
        return F.linear(rows + fused * score, first.weight[:, :half], first.bias).flatten(0, 1)

    def decode(self, rows, wave, place, offset, cells, weight):
        first = self.imnet_rgb.layers[0].weight[:, rows.shape[1] :]
        hidden = F.embedding(place, rows) + torch.cat([offset, cells.expand_as(offset)], -1)[0] @ first.T
        both = self.imnet_rgb.layers[1:](hidden)[None] + self.imnet_texture(wave)
        return (both * weight[..., None]).sum(1)
