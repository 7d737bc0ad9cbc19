"""SwinIR without an upsampler: the encoder of both forms of the peer. Weights have the names of the official repositories."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class Attention(nn.Module):
    def __init__(self, width, heads, window):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)
        self.relative_position_bias_table = nn.Parameter(torch.zeros((2 * window - 1) ** 2, heads))
        row, column = torch.meshgrid(torch.arange(window), torch.arange(window), indexing="ij")
        place = torch.stack([row.flatten(), column.flatten()])
        apart = place[:, :, None] - place[:, None, :] + window - 1
        self.register_buffer("distance", apart[0] * (2 * window - 1) + apart[1], persistent=False)

    def forward(self, tokens, mask):
        windows, count, width = tokens.shape
        query, key, value = self.qkv(tokens).reshape(windows, count, 3, self.heads, -1).permute(2, 0, 3, 1, 4).unbind(0)
        alike = (query * (width // self.heads) ** -0.5) @ key.transpose(-2, -1)
        bias = self.relative_position_bias_table[self.distance.flatten()].reshape(count, count, self.heads)
        alike = alike + bias.permute(2, 0, 1)
        if mask is not None:
            alike = alike.reshape(-1, mask.shape[0], self.heads, count, count) + mask[None, :, None]
            alike = alike.reshape(windows, self.heads, count, count)
        mixed = alike.softmax(-1) @ value
        return self.proj(mixed.transpose(1, 2).reshape(windows, count, width))


class Perceptron(nn.Module):
    def __init__(self, width, ratio):
        super().__init__()
        self.fc1 = nn.Linear(width, ratio * width)
        self.fc2 = nn.Linear(ratio * width, width)

    def forward(self, x):
        return self.fc2(F.gelu(self.fc1(x)))


def dropped(x, rate, draws):
    """Stochastic depth by given uniform numbers, one a sample."""
    if rate == 0 or draws is None:
        return x
    kept = (draws < 1 - rate).to(x.dtype) / (1 - rate)
    return x * kept[:, None, None]


class Block(nn.Module):
    def __init__(self, width, heads, window, shift, ratio, drop):
        super().__init__()
        self.window, self.shift, self.drop = window, shift, drop
        self.norm1 = nn.LayerNorm(width)
        self.attn = Attention(width, heads, window)
        self.norm2 = nn.LayerNorm(width)
        self.mlp = Perceptron(width, ratio)

    def forward(self, x, size, mask, draws):
        batch, _, width = x.shape
        (high, wide), n = size, self.window
        picture = self.norm1(x).reshape(batch, high, wide, width)
        if self.shift:
            picture = picture.roll((-self.shift, -self.shift), (1, 2))
        windows = picture.reshape(batch, high // n, n, wide // n, n, width).transpose(2, 3).reshape(-1, n * n, width)
        windows = self.attn(windows, mask if self.shift else None)
        picture = windows.reshape(batch, high // n, wide // n, n, n, width).transpose(2, 3).reshape(batch, high, wide, width)
        if self.shift:
            picture = picture.roll((self.shift, self.shift), (1, 2))
        one, two = (None, None) if draws is None else (draws[0], draws[1])
        x = x + dropped(picture.reshape(batch, high * wide, width), self.drop, one)
        return x + dropped(self.mlp(self.norm2(x)), self.drop, two)


class Group(nn.Module):
    def __init__(self, blocks):
        super().__init__()
        self.blocks = nn.ModuleList(blocks)


class Stage(nn.Module):
    def __init__(self, width, blocks):
        super().__init__()
        self.residual_group = Group(blocks)
        self.conv = nn.Conv2d(width, width, 3, padding=1)


class Named(nn.Module):
    def __init__(self, norm):
        super().__init__()
        self.norm = norm


def rows(x):
    return x.flatten(2).transpose(1, 2)


def picture(x, size):
    return x.transpose(1, 2).reshape(x.shape[0], -1, *size)


def shift_mask(high, wide, window, shift):
    """-100 where a rolled window holds positions that are no neighbours."""
    part = lambda length: (torch.arange(length) >= length - window).long() + (torch.arange(length) >= length - shift).long()
    number = 3 * part(high)[:, None] + part(wide)[None]
    number = number.reshape(high // window, window, wide // window, window).transpose(1, 2).reshape(-1, window * window)
    return -100.0 * (number[:, :, None] != number[:, None, :]).float()


class SwinIR(nn.Module):
    def __init__(self, out, embed, depths, heads, window=8, ratio=2, drop=0.1, side=48):
        super().__init__()
        self.window = window
        total = sum(depths)
        rates = iter([drop * at / max(total - 1, 1) for at in range(total)])
        self.conv_first = nn.Conv2d(3, embed, 3, padding=1)
        self.patch_embed = Named(nn.LayerNorm(embed))
        self.layers = nn.ModuleList(
            Stage(embed, [Block(embed, heads, window, at % 2 * (window // 2), ratio, next(rates)) for at in range(depth)])
            for depth in depths
        )
        self.norm = nn.LayerNorm(embed)
        self.conv_after_body = nn.Conv2d(embed, embed, 3, padding=1)
        self.conv_before_upsample = nn.Sequential(nn.Conv2d(embed, out, 3, padding=1), nn.LeakyReLU(0.01))
        self.register_buffer("mask", shift_mask(side, side, window, window // 2), persistent=False)
        self.side = side

    def forward(self, lr, draws=None):
        """`lr`: [B, 3, h, w]; `draws`: [two a block, first block apart, B]. Gives [B, out, H, W], H and W multiples of the window."""
        high, wide = lr.shape[-2:]
        below, right = -high % self.window, -wide % self.window
        if below or right:
            lr = F.pad(lr, (0, right, 0, below), mode="reflect")
        size = lr.shape[-2:]
        square = size[0] == self.side and size[1] == self.side
        mask = self.mask if square else shift_mask(size[0], size[1], self.window, self.window // 2)
        shallow = self.conv_first(lr)
        x = self.patch_embed.norm(rows(shallow))
        at = 0
        for stage in self.layers:
            y = x
            for block in stage.residual_group.blocks:
                given = None
                if draws is not None and block.drop > 0:
                    given, at = draws[at : at + 2], at + 2
                y = block(y, size, mask, given)
            x = x + rows(stage.conv(picture(y, size)))
        deep = self.conv_after_body(picture(self.norm(x), size))
        return self.conv_before_upsample(shallow + deep)
