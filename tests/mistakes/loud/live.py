"""What a student's own notebook shows, where the grader runs nothing: torch's words and the line, no shapes.

The first wording of a code is torch 2.13's, for a batch of 4; others are those of older versions, or of another cause
under the same code.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shown:
    """An exception as a notebook shows it.

    Attributes:
        code: in the catalogue.
        kind: the exception's class.
        message: its text.
        source: the line that raised it; empty where that is not known.
        says: what the explanation must contain.
    """

    code: str
    kind: str
    message: str
    source: str
    says: tuple[str, ...]


_CALL = "loss = loss_fn(out, y)"
_RUN = "out = model(x)"
_BACK = "loss.backward()"

LIVE: tuple[Shown, ...] = (
    Shown(
        "E01",
        "AttributeError",
        "module 'torch.nn' has no attribute 'Dense'",
        "self.fc = nn.Dense(512, 10)",
        ("nn.Linear(512, 10)",),
    ),
    Shown(
        "E02", "RuntimeError", "mat1 and mat2 shapes cannot be multiplied (4x7200 and 512x10)", _RUN, ("512", "7200")
    ),
    Shown(
        "E02",
        "RuntimeError",
        "size mismatch, m1: [4 x 7200], m2: [512 x 10] at /pytorch/aten/src/TH/generic/THTensorMath.cpp:41",
        _RUN,
        ("512", "7200"),
    ),
    Shown(
        "E03",
        "RuntimeError",
        "mat1 and mat2 shapes cannot be multiplied (1920x15 and 7200x10)",
        _RUN,
        ("nn.Flatten()", "7,200"),
    ),
    Shown(
        "E04",
        "RuntimeError",
        "mat1 and mat2 shapes cannot be multiplied (1x28800 and 7200x10)",
        _RUN,
        ("4 pictures", "28,800", "torch.flatten(x, 1)"),
    ),
    Shown(
        "E05",
        "RuntimeError",
        "mat1 and mat2 shapes cannot be multiplied (8x225 and 1800x10)",
        "model(x[0])",
        ("x.unsqueeze(0)", "8 maps"),
    ),
    Shown(
        "E05",
        "RuntimeError",
        "mat1 dim 1 must match mat2 dim 0: size mismatch, m1: [8 x 225], m2: [1800 x 10]",
        "model(picture)",
        ("x.unsqueeze(0)",),
    ),
    Shown(
        "E06",
        "RuntimeError",
        "Given groups=1, weight of size [64, 32, 3, 3], expected input[4, 16, 30, 30] to have 32 channels, but got 16 channels instead",
        _RUN,
        ("32 input channels", "in_channels to 16"),
    ),
    Shown(
        "E07",
        "RuntimeError",
        "Given groups=1, weight of size [8, 1, 3, 3], expected input[4, 3, 32, 32] to have 1 channels, but got 3 channels instead",
        _RUN,
        ("in_channels to 3",),
    ),
    Shown(
        "E08",
        "RuntimeError",
        "Given groups=1, weight of size [8, 3, 3, 3], expected input[4, 2, 32, 32] to have 3 channels, but got 2 channels instead",
        _RUN,
        ("removed blue",),
    ),
    Shown(
        "E09",
        "RuntimeError",
        "Given groups=1, weight of size [8, 3, 3, 3], expected input[4, 32, 32, 3] to have 3 channels, but got 32 channels instead",
        _RUN,
        ("x.permute(0, 3, 1, 2)",),
    ),
    Shown(
        "E10",
        "RuntimeError",
        "Calculated padded input size per channel: (31 x 31). Kernel size: (32 x 32). Kernel size can't be greater than actual input size",
        _RUN,
        ("31 x 31", "at most 31"),
    ),
    Shown(
        "E11",
        "RuntimeError",
        "Given input size: (3x1x1). Calculated output size: (3x0x0). Output size is too small",
        _RUN,
        ("1 x 1",),
    ),
    Shown(
        "E12",
        "RuntimeError",
        "Expected 3D (unbatched) or 4D (batched) input to conv2d, but got input of size: [4, 3072]",
        _RUN,
        ("3,072 numbers", "Flatten"),
    ),
    Shown(
        "E13",
        "RuntimeError",
        "shape '[16, 7200]' is invalid for input of size 57600",
        "x = x.view(16, -1)",
        ("16 pictures", "x.view(x.size(0), -1)"),
    ),
    Shown(
        "E13",
        "RuntimeError",
        "shape '[16, -1]' is invalid for input of size 57601",
        "x = x.view(16, -1)",
        ("x.view(x.size(0), -1)",),
    ),
    Shown(
        "E14",
        "ValueError",
        "Expected input batch_size (128) to match target batch_size (4).",
        _CALL,
        ("4 pictures", "128 rows", "torch.flatten(x, 1)"),
    ),
    Shown(
        "E14",
        "RuntimeError",
        "shape '[-1, 512]' is invalid for input of size 28800",
        "x = x.view(-1, 512)",
        ("512", "torch.flatten(x, 1)"),
    ),
    Shown(
        "E15",
        "RuntimeError",
        "view size is not compatible with input tensor's size and stride (at least one dimension spans across two contiguous subspaces). Use .reshape(...) instead.",
        "x = x.view(x.size(0), -1)",
        (".reshape(...)",),
    ),
    Shown(
        "E16",
        "AttributeError",
        "cannot assign module before Module.__init__() call",
        "self.conv = nn.Conv2d(3, 8, 3)",
        ("super().__init__()",),
    ),
    Shown("E16", "AttributeError", "'Net' object has no attribute '_backward_hooks'", _RUN, ("super().__init__()",)),
    Shown("E17", "AttributeError", "'Net' object has no attribute 'fc2'", "x = self.fc2(x)", ("self.fc2",)),
    Shown(
        "E18",
        "NotImplementedError",
        'Module [Net] is missing the required "forward" function',
        _RUN,
        ("spelling of forward",),
    ),
    Shown(
        "E19",
        "TypeError",
        "Net.forward() takes 1 positional argument but 2 were given",
        _RUN,
        ("def forward(self, x):",),
    ),
    Shown(
        "E19",
        "TypeError",
        "forward() missing 1 required positional argument: 'y'",
        _RUN,
        ("y as well", "def forward(self, x):"),
    ),
    Shown(
        "E20",
        "TypeError",
        "Module.parameters() missing 1 required positional argument: 'self'",
        "optim = torch.optim.Adam(model.parameters())",
        ("with brackets",),
    ),
    Shown(
        "E20",
        "TypeError",
        "Net.__init__() takes 1 positional argument but 2 were given",
        _RUN,
        ("Net() with brackets",),
    ),
    Shown(
        "E21",
        "TypeError",
        "cross_entropy_loss(): argument 'input' (position 1) must be Tensor, not Softmax",
        _CALL,
        ("nn.Softmax()(x)",),
    ),
    Shown(
        "E22",
        "AttributeError",
        "module 'torch.nn' has no attribute 'conv2d'",
        "self.conv = nn.conv2d(3, 8, 3)",
        ("nn.Conv2d",),
    ),
    Shown(
        "E23",
        "TypeError",
        "Conv2d.__init__() missing 1 required positional argument: 'kernel_size'",
        "self.conv = nn.Conv2d(3, 8)",
        ("kernel_size=3",),
    ),
    Shown(
        "E23",
        "TypeError",
        "__init__() missing 1 required positional argument: 'kernel_size'",
        "self.conv = nn.Conv2d(3, 8)",
        ("kernel_size=3",),
    ),
    Shown(
        "E24",
        "TypeError",
        "empty(): argument 'size' failed to unpack the object at pos 2 with error \"type must be tuple of ints,but got float\"",
        "self.fc = nn.Linear(32 * 32 / 4, 10)",
        ("32 * 32 // 4",),
    ),
    Shown(
        "E24",
        "TypeError",
        "new(): argument 'size' must be tuple of ints, but found element of type float at pos 2",
        "self.fc = nn.Linear(32 * 32 / 4, 10)",
        ("32 * 32 // 4",),
    ),
    Shown("E25", "TypeError", "list is not a Module subclass", "model = nn.Sequential([nn.Flatten()])", ("[ ]",)),
    Shown(
        "E26",
        "RuntimeError",
        "Input type (double) and bias type (float) should be the same",
        _RUN,
        ("float64", ".float()"),
    ),
    Shown("E26", "RuntimeError", "expected scalar type Float but found Double", _RUN, ("float64", ".float()")),
    Shown(
        "E26",
        "RuntimeError",
        "mat1 and mat2 must have the same dtype, but got Long and Float",
        _RUN,
        ("int64", ".float()"),
    ),
    Shown(
        "E26",
        "RuntimeError",
        "Input type (torch.ByteTensor) and weight type (torch.FloatTensor) should be the same",
        _RUN,
        ("uint8", "255"),
    ),
    Shown(
        "E27",
        "TypeError",
        "conv2d() received an invalid combination of arguments - got (numpy.ndarray, Parameter, Parameter, tuple, tuple, tuple, int), but expected one of:\n * (Tensor input, ...)",
        _RUN,
        ("NumPy", "torch.tensor(x).float()"),
    ),
    Shown(
        "E27",
        "TypeError",
        "conv2d(): argument 'input' (position 1) must be Tensor, not numpy.ndarray",
        _RUN,
        ("NumPy", "torch.tensor(x).float()"),
    ),
    Shown(
        "E28",
        "AssertionError",
        "Torch not compiled with CUDA enabled",
        "model = model.cuda()",
        ("torch.cuda.is_available()",),
    ),
    Shown(
        "E28",
        "RuntimeError",
        "Found no NVIDIA driver on your system. Please check that you have an NVIDIA GPU and installed a driver from http://www.nvidia.com/Download/index.aspx",
        "model.cuda()",
        ("torch.cuda.is_available()",),
    ),
    Shown(
        "E28",
        "RuntimeError",
        "Expected all tensors to be on the same device, but found at least two devices, cuda:0 and cpu!",
        _RUN,
        ("x.to(device)",),
    ),
    Shown(
        "E28",
        "RuntimeError",
        "Input type (torch.FloatTensor) and weight type (torch.cuda.FloatTensor) should be the same",
        _RUN,
        ("x.to(device)",),
    ),
    Shown(
        "E28",
        "RuntimeError",
        "PyTorch is not linked with support for mps devices",
        "model.to('mps')",
        ("torch.cuda.is_available()",),
    ),
    Shown(
        "E29",
        "TypeError",
        "cross_entropy_loss(): argument 'input' (position 1) must be Tensor, not tuple",
        _CALL,
        ("tuple", "return x"),
    ),
    Shown("E29", "AttributeError", "'tuple' object has no attribute 'log_softmax'", _CALL, ("tuple", "return x")),
    Shown(
        "E29",
        "TypeError",
        "cross_entropy_loss(): argument 'input' (position 1) must be Tensor, not NoneType",
        _CALL,
        ("None", "return x"),
    ),
    Shown(
        "E30",
        "RuntimeError",
        "element 0 of tensors does not require grad and does not have a grad_fn",
        _BACK,
        ("argmax", ".detach()"),
    ),
    Shown(
        "E30",
        "RuntimeError",
        "element 0 of variables does not require grad and does not have a grad_fn",
        _BACK,
        ("argmax", ".detach()"),
    ),
    Shown(
        "E30",
        "RuntimeError",
        "Expected floating point type for target with class probabilities, got Long",
        "loss = loss_fn(model(x).argmax(1), y)",
        ("argmax",),
    ),
    Shown(
        "E31", "IndexError", "Target 9 is out of bounds.", _CALL, ("label 9", "out_features of the last layer to 10")
    ),
    Shown("E31", "IndexError", "Target 10 is out of bounds.", _CALL, ("label 10", "0 to 9", "y - 1")),
    Shown(
        "E31", "RuntimeError", "expected target dtype to be Long or Byte, but got Float", _CALL, ("Float", "y.long()")
    ),
    Shown("E31", "RuntimeError", "expected scalar type Long but found Float", _CALL, ("Float", "y.long()")),
    Shown(
        "E31",
        "RuntimeError",
        "Expected floating point type for target with class probabilities, got Long",
        _CALL,
        ("y.float()",),
    ),
    Shown(
        "E31", "RuntimeError", "0D or 1D target tensor expected, multi-target not supported", _CALL, ("y.squeeze(1)",)
    ),
    Shown(
        "E31",
        "RuntimeError",
        "multi-target not supported at /pytorch/aten/src/THNN/generic/ClassNLLCriterion.c:22",
        _CALL,
        ("y.squeeze(1)",),
    ),
    Shown("E31", "ValueError", "too many dimensions 'str'", "y = torch.tensor(labels)", ("words", "names.index")),
    Shown(
        "E31",
        "NotImplementedError",
        "\"log_softmax_lastdim_kernel_impl\" not implemented for 'Long'",
        "loss = loss_fn(y, out)",
        ("in this order",),
    ),
    Shown(
        "E31",
        "RuntimeError",
        "\"log_softmax_lastdim_kernel_impl\" not implemented for 'Long'",
        "loss = loss_fn(y, out)",
        ("in this order",),
    ),
    Shown(
        "E31",
        "RuntimeError",
        "only batches of spatial targets supported (3D tensors) but got targets of dimension: 1",
        _CALL,
        ("nn.Flatten()",),
    ),
    Shown("E32", "IndexError", "Target 1 is out of bounds.", _CALL, ("one score", "10 outputs")),
    Shown(
        "E32",
        "ValueError",
        "Using a target size (torch.Size([4])) that is different to the input size (torch.Size([4, 1])) is deprecated. Please ensure they have the same size.",
        _CALL,
        ("(4)", "(4, 1)", "nn.CrossEntropyLoss()"),
    ),
    Shown(
        "E32",
        "ValueError",
        "Target size (torch.Size([4])) must be the same as input size (torch.Size([4, 10]))",
        _CALL,
        ("(4, 10)", "nn.CrossEntropyLoss()"),
    ),
    Shown("E32", "RuntimeError", "all elements of input should be between 0 and 1", _CALL, ("nn.BCEWithLogitsLoss()",)),
    Shown("E32", "RuntimeError", "Found dtype Long but expected Float", _CALL, ("y.float()",)),
    Shown(
        "E32", "RuntimeError", "result type Float can't be cast to the desired output type Long", _CALL, ("y.float()",)
    ),
    Shown(
        "E33",
        "RuntimeError",
        "one of the variables needed for gradient computation has been modified by an inplace operation: [torch.FloatTensor [4, 8, 30, 30]], which is output 0 of Sigmoid, is at version 1; expected version 0 instead. Hint: ...",
        _BACK,
        ("Sigmoid", "x = x + ..."),
    ),
    Shown(
        "E33",
        "RuntimeError",
        "one of the variables needed for gradient computation has been modified by an inplace operation: [torch.FloatTensor [4, 8, 30, 30]], which is output 0 of SigmoidBackward, is at version 1; expected version 0 instead.",
        _BACK,
        ("Sigmoid", "x = x + ..."),
    ),
    Shown(
        "E33",
        "RuntimeError",
        "a leaf Variable that requires grad is being used in an in-place operation.",
        "w += 1",
        ("torch.no_grad()",),
    ),
    Shown(
        "E33",
        "RuntimeError",
        "Trying to backward through the graph a second time (or directly access saved tensors after they have already been freed). ...",
        _BACK,
        ("anew", "loss.item()"),
    ),
    Shown(
        "E33",
        "RuntimeError",
        "Trying to backward through the graph a second time, but the buffers have already been freed.",
        _BACK,
        ("anew",),
    ),
    Shown(
        "E33",
        "RuntimeError",
        "grad can be implicitly created only for scalar outputs",
        _BACK,
        ("loss.mean().backward()",),
    ),
    Shown(
        "E33",
        "RuntimeError",
        "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.",
        "plt.plot(losses.numpy())",
        (".detach().numpy()",),
    ),
    Shown(
        "E34",
        "ValueError",
        "Expected more than 1 value per channel when training, got input size torch.Size([1, 64])",
        _RUN,
        ("drop_last=True",),
    ),
    Shown(
        "E34",
        "ValueError",
        "Expected more than 1 value per channel when training, got input size [1, 64]",
        _RUN,
        ("drop_last=True",),
    ),
    Shown(
        "E35",
        "FileNotFoundError",
        "[Errno 2] No such file or directory: '/content/drive/MyDrive/model.pth'",
        "torch.load(path)",
        ("/content/drive/MyDrive/model.pth", "Drive"),
    ),
    Shown(
        "E35",
        "RuntimeError",
        'Error(s) in loading state_dict for Net2:\n\tMissing key(s) in state_dict: "conv.weight", "conv.bias". \n\tUnexpected key(s) in state_dict: "conv1.weight". ',
        "model.load_state_dict(w)",
        ("conv.weight", "conv1.weight"),
    ),
    Shown(
        "E35",
        "RuntimeError",
        "Error(s) in loading state_dict for Net:\n\tsize mismatch for fc.weight: copying a param with shape torch.Size([5, 7200]) from checkpoint, the shape in current model is torch.Size([10, 7200]).",
        "model.load_state_dict(w)",
        ("(5, 7200)", "(10, 7200)"),
    ),
    Shown(
        "E35",
        "UnpicklingError",
        "Weights only load failed. This file can still be loaded, to do so you have two options ...",
        "torch.load(path)",
        ("state_dict()",),
    ),
    Shown("E35", "UnpicklingError", "invalid load key, 'v'.", "torch.load(path)", ("cut off",)),
    Shown("E35", "EOFError", "", "torch.load(path)", ("empty",)),
    Shown(
        "E35",
        "RuntimeError",
        "PytorchStreamReader failed reading zip archive: failed finding central directory. ...",
        "torch.load(path)",
        ("cut off",),
    ),
    Shown(
        "E35",
        "RuntimeError",
        "Attempting to deserialize object on a CUDA device but torch.cuda.is_available() is False. ...",
        "torch.load(path)",
        ("map_location='cpu'",),
    ),
    Shown("E35", "TypeError", "'_IncompatibleKeys' object is not callable", _RUN, ("on a line of its own",)),
    Shown("E35", "TypeError", "'collections.OrderedDict' object is not callable", _RUN, ("model = Net()",)),
    Shown(
        "E35",
        "TypeError",
        "Expected state_dict to be dict-like, got <class 'str'>.",
        "model.load_state_dict('model.pth')",
        ("torch.load(",),
    ),
    Shown(
        "E36",
        "ValueError",
        "optimizer got an empty parameter list",
        "optim = torch.optim.Adam(model.parameters())",
        ("nn.ModuleList",),
    ),
    Shown(
        "E36",
        "TypeError",
        "'Net' object is not iterable",
        "optim = torch.optim.Adam(model, lr=3e-3)",
        ("Net", "model.parameters()"),
    ),
    Shown(
        "E36",
        "TypeError",
        "'method' object is not iterable",
        "optim = torch.optim.SGD(model.parameters, lr=0.1)",
        ("model.parameters()",),
    ),
    Shown(
        "E37",
        "RuntimeError",
        "[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to allocate 6823731200 bytes. Error code 12 (Cannot allocate memory)",
        "self.fc = nn.Linear(6663800, 256)",
        ("1,705,932,800 weights", "6.8 GB"),
    ),
    Shown(
        "E37",
        "OutOfMemoryError",
        "CUDA out of memory. Tried to allocate 2.00 GiB (GPU 0; 14.75 GiB total capacity)",
        _RUN,
        ("memory",),
    ),
    Shown(
        "E38",
        "IndexError",
        "Dimension out of range (expected to be in range of [-2, 1], but got 2)",
        "return F.softmax(x, dim=2)",
        ("dim=1",),
    ),
    Shown(
        "E38",
        "IndexError",
        "Dimension out of range (expected to be in range of [-2, 1], but got 2)",
        "x = self.softmax(x)",
        ("dim=1",),
    ),
)
"""Every text, the code that it stands for, and what the student must read."""
