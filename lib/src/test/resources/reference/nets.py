"""Numbers of an independent implementation for the tests of InceptionV3 and LpipsNetwork: torchvision's networks in PyTorch.

Weights and images are filled by a formula that any language can repeat bit for bit in float32, so nothing but this
script's results has to be kept. Networks are evaluated in float64. It wrote the nets.json beside it:

    python3 nets.py > nets.json          (Debian's python3-torchvision will do)

    value(name, i): h = fnv1a32(name) + i * 2654435761 mod 2^32, mixed by murmur3's finalizer; v = (h >> 8) / 2^23 - 1 in [-1, 1)
    convolution and linear weights  v * sqrt(6 / fan_in)       biases, shifts, running means  0.1 v
    scales of batch norm            1 + 0.25 v                 running variances              1 + 0.5 v
    LPIPS heads                     (v + 1) / 2                images                         v
Products are taken in float64 and rounded to float32.
"""
import json
import math
import re

import numpy as np
import torch
import torch.nn.functional as F
import torchvision
from torchvision.models import inception


def mixed(name, count):
    h = 2166136261
    for byte in name.encode():
        h = ((h ^ byte) * 16777619) & 0xFFFFFFFF
    with np.errstate(over="ignore"):
        k = (np.arange(count, dtype=np.uint64) * np.uint64(2654435761) + np.uint64(h)).astype(np.uint32)
        k ^= k >> np.uint32(16)
        k *= np.uint32(0x85EBCA6B)
        k ^= k >> np.uint32(13)
        k *= np.uint32(0xC2B2AE35)
        k ^= k >> np.uint32(16)
    return (k >> np.uint32(8)).astype(np.float64) / 8388608.0 - 1.0


def fill(name, shape, scale=1.0, shift=0.0):
    count = int(np.prod(shape))
    values = (mixed(name, count) * scale + shift).astype(np.float32)
    return torch.from_numpy(values.reshape(tuple(shape))).double()


def weight_of(name, tensor):
    shape = tuple(tensor.shape)
    if name.endswith("running_var"):
        return fill(name, shape, 0.5, 1.0)
    if name.endswith("bn.weight"):
        return fill(name, shape, 0.25, 1.0)
    if name.endswith("bias") or name.endswith("running_mean"):
        return fill(name, shape, 0.1)
    fan_in = int(np.prod(shape[1:]))
    return fill(name, shape, math.sqrt(6.0 / fan_in))


def load(module):
    state = module.state_dict()
    for name, tensor in state.items():
        if not name.endswith("num_batches_tracked"):
            state[name] = weight_of(name, tensor)
    module.load_state_dict(state)
    return module.double().eval()


# The network of FID: torchvision's with these pools in place of the plain average.
def inner_average(x):
    return F.avg_pool2d(x, 3, stride=1, padding=1, count_include_pad=False)


def largest(x):
    return F.max_pool2d(x, 3, stride=1, padding=1)


class A(inception.InceptionA):
    def forward(self, x):
        return torch.cat([
            self.branch1x1(x),
            self.branch5x5_2(self.branch5x5_1(x)),
            self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x))),
            self.branch_pool(inner_average(x))], 1)


class C(inception.InceptionC):
    def forward(self, x):
        b = self.branch7x7_3(self.branch7x7_2(self.branch7x7_1(x)))
        c = self.branch7x7dbl_1(x)
        for layer in (self.branch7x7dbl_2, self.branch7x7dbl_3, self.branch7x7dbl_4, self.branch7x7dbl_5):
            c = layer(c)
        return torch.cat([self.branch1x1(x), b, c, self.branch_pool(inner_average(x))], 1)


class E(inception.InceptionE):
    pool = staticmethod(inner_average)

    def forward(self, x):
        b = self.branch3x3_1(x)
        c = self.branch3x3dbl_2(self.branch3x3dbl_1(x))
        return torch.cat([
            self.branch1x1(x),
            self.branch3x3_2a(b), self.branch3x3_2b(b),
            self.branch3x3dbl_3a(c), self.branch3x3dbl_3b(c),
            self.branch_pool(self.pool(x))], 1)


class LastE(E):
    pool = staticmethod(largest)


def fid_network():
    net = torchvision.models.inception_v3(num_classes=1008, aux_logits=False, weights=None, init_weights=False)
    net.Mixed_5b = A(192, pool_features=32)
    net.Mixed_5c = A(256, pool_features=64)
    net.Mixed_5d = A(288, pool_features=64)
    net.Mixed_6b = C(768, channels_7x7=128)
    net.Mixed_6c = C(768, channels_7x7=160)
    net.Mixed_6d = C(768, channels_7x7=160)
    net.Mixed_6e = C(768, channels_7x7=192)
    net.Mixed_7b = E(1280)
    net.Mixed_7c = LastE(2048)
    return load(net)


BLOCKS = ["Conv2d_1a_3x3", "Conv2d_2a_3x3", "Conv2d_2b_3x3", "maxpool1", "Conv2d_3b_1x1", "Conv2d_4a_3x3", "maxpool2",
          "Mixed_5b", "Mixed_5c", "Mixed_5d", "Mixed_6a", "Mixed_6b", "Mixed_6c", "Mixed_6d", "Mixed_6e",
          "Mixed_7a", "Mixed_7b", "Mixed_7c"]


def listed(tensor):
    return [float("%.10g" % v) for v in tensor.detach().reshape(-1).tolist()]


def fid():
    net = fid_network()
    x = fill("inception.input", (2, 3, 64, 48)).requires_grad_(True)
    h = F.interpolate((x + 1) / 2, size=(299, 299), mode="bilinear", align_corners=False)
    h = 2 * h - 1
    blocks = {}
    for name in BLOCKS:
        h = getattr(net, name)(h)
        blocks[name] = {"shape": list(h.shape), "mean": float(h.mean()), "square": float((h * h).mean()),
                        "first": listed(h[1, :4, 0, 0]), "last": listed(h[1, -4:, -1, -1])}
    features = h.mean(dim=(2, 3))
    scores = net.fc(features)
    weights = fill("inception.cotangent", (1, 1008))
    (scores[1:] * weights).sum().backward()
    state = {n: list(t.shape) for n, t in net.state_dict().items() if not n.endswith("num_batches_tracked")}
    return {
        "parameters": sum(p.numel() for p in net.parameters()),
        "state": state,
        "blocks": blocks,
        "features": [[float("%.7g" % v) for v in row] for row in features.detach().tolist()],
        "scores": [listed(scores[0, :8]), listed(scores[1, :8])],
        "gradient": {"first": listed(x.grad[1, 0, 0, :8]), "last": listed(x.grad[1, 2, -1, -8:]),
                     "norm": float(x.grad.norm())},
    }


# LPIPS 0.1 over torchvision's convolutions, up to the ReLU that closes each of five stages.
STAGES = {"alex": [(0, 2), (2, 5), (5, 8), (8, 10), (10, 12)], "vgg": [(0, 4), (4, 9), (9, 16), (16, 23), (23, 30)]}
CHANNELS = {"alex": [64, 192, 384, 256, 256], "vgg": [64, 128, 256, 512, 512]}
SHIFT = torch.tensor([-.030, -.088, -.188], dtype=torch.float32).double().reshape(1, 3, 1, 1)
SCALE = torch.tensor([.458, .448, .450], dtype=torch.float32).double().reshape(1, 3, 1, 1)


def unit(h):
    return h / (torch.sqrt((h * h).sum(dim=1, keepdim=True)) + 1e-10)


def lpips(kind):
    make = torchvision.models.alexnet if kind == "alex" else torchvision.models.vgg16
    with torch.no_grad():
        net = make(weights=None)
    state = {n: list(t.shape) for n, t in net.state_dict().items()}
    parameters = sum(p.numel() for p in net.parameters())
    features = net.features
    filled = {}
    for name, tensor in features.state_dict().items():
        filled[name] = weight_of(kind + ".features." + name, tensor)
    features.load_state_dict(filled)
    features = features.double().eval()
    for module in features:
        if isinstance(module, torch.nn.ReLU):
            module.inplace = False
    heads = [fill(kind + ".lin%d.model.1.weight" % k, (1, c, 1, 1), 0.5, 0.5) for k, c in enumerate(CHANNELS[kind])]
    x = fill(kind + ".input.x", (2, 3, 64, 72)).requires_grad_(True)
    y = fill(kind + ".input.y", (2, 3, 64, 72))
    a, b = (x - SHIFT) / SCALE, (y - SHIFT) / SCALE
    layers = []
    for (start, end), head in zip(STAGES[kind], heads):
        for module in features[start:end]:
            a, b = module(a), module(b)
        layers.append(F.conv2d((unit(a) - unit(b)) ** 2, head).mean(dim=(1, 2, 3)))
    distance = sum(layers)
    distance.sum().backward()
    return {
        "parameters": parameters,
        "state": state,
        "layers": [listed(layer) for layer in layers],
        "distance": listed(distance),
        "gradient": {"first": listed(x.grad[0, 0, 0, :8]), "last": listed(x.grad[1, 2, -1, -8:]),
                     "norm": float(x.grad.norm())},
    }


def main():
    torch.set_grad_enabled(True)
    result = {
        "made": "PyTorch %s, torchvision %s, float64 on the CPU" % (torch.__version__, torchvision.__version__),
        "formula": {"alex.input.x": listed(fill("alex.input.x", (6,))),
                    "fc.weight, 1/sqrt(6/2048)": listed(fill("fc.weight", (6,), math.sqrt(6.0 / 2048)))},
    }
    result["inception"] = fid()
    for kind in ("alex", "vgg"):
        result[kind] = lpips(kind)
    text = json.dumps(result, indent=1)
    # A list of numbers on one line.
    print(re.sub(r"\[[^][{}]*\]", lambda found: " ".join(found.group().split()), text))


if __name__ == "__main__":
    main()
