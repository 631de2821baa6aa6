"""Small programs that leave a `model`, one for every language feature and every way to train that slicing knows.

`boom()` may run in the whole program and must not run in its slice.
"""

from __future__ import annotations

SAME = """
class Net:
    def __init__(self, w=1): self.w = w
"""

TRAINING = """
class Loss:
    def backward(self): boom()
class Optimizer:
    def step(self): boom()
def fit(m, epochs=1):
    loss=Loss()
    loss.backward()
    m.trained=True
    return m
def score(m): return boom()
optimizer=Optimizer()
"""

CASES = {
    "default argument": """
W=3
boom()
def net(w=W):
    return [w]
model=net()
boom(model)
""",
    "late binding, helper defined after use": """
def block():
    return [act]
boom()
act='relu'
model=block()
""",
    "redefined function, last wins": """
def net(): return 1
boom(net)
def net(): return 2
model=net()
""",
    "redefined after the model was built": """
def net(): return 1
model=net()
def net(): return boom()
""",
    "name rebound after the model": """
W=3
def net(w=W): return [w]
model=net()
W=boom() or 99
""",
    "class replaced by its own instance": SAME
    + """
boom()
Net=Net()
model=Net
""",
    "two functions see two values of one name": """
H=1
def make(): return [H]
a=make()
H=2
b=make()
boom()
model=(a,b)
""",
    "two objects of one class see two values": """
H=1
class N:
    def __init__(self): self.h=H
a=N()
H=2
model=(a.h,N().h)
""",
    "name that only a method reads, bound after the model": """
class N:
    def __call__(self): return late()
    def __eq__(s,o): return s()==o()
model=N()
boom()
def late(): return 5
""",
    "conditional binding": """
big=True
H=1
if big:
    H=32
boom()
model=[H]
""",
    "both branches bind": """
H=boom()
if boom:
    H=32
else:
    H=16
model=[H]
""",
    "try import": """
try:
    import nothing_here as m
except ImportError:
    import math as m
boom()
model=m.floor(2.5)
""",
    "star import": """
from math import *
boom()
model=floor(2.5)
""",
    "star import replaces a builtin": """
from math import *
boom()
model=[pow(2,3)]
""",
    "import of a submodule and of its package": """
import xml.dom
import xml
boom()
model=xml.dom.__name__
""",
    "comprehension over globals": """
ws=[1,2]
k=2
boom()
model=[w*k for w in ws]
""",
    "comprehension variable shadows a global": """
w=boom()
model=[w for w in (1,2)]
""",
    "loop variable is not read before it is bound": """
c=boom()
layers=[]
for c in (1,2):
    layers.append(c)
model=layers
""",
    "walrus": """
boom()
if (n:=4)>3:
    pass
model=[n]
""",
    "walrus in a comprehension": """
boom()
w=[last:=n for n in (1,2,3)]
model=[last]
""",
    "global in a function": """
H=1
def setup():
    global H
    H=7
setup()
boom()
model=[H]
""",
    "global two calls deep": """
H=1
def inner():
    global H
    H=7
def outer():
    inner()
outer()
model=[H]
""",
    "class body reads a global, method reads another": """
A=1
class N:
    a=A
    def f(self): return B
B=2
boom()
model=(N().a,N().f())
""",
    "class body reads its own name, not the global": """
b=boom()
class N:
    b=1
    c=b+1
model=N.c
""",
    "decorator": """
def deco(f): return lambda: [f()]
boom()
@deco
def net(): return 1
model=net()
""",
    "decorator with an argument": """
N=2
def times(n): return lambda f: lambda: [f()]*n
@times(N)
def net(): return 1
boom()
model=net()
""",
    "decorator that registers": """
R={}
def register(c):
    R[c.__name__]=c
    return c
@register
class N: x=3
boom()
model=R['N'].x
""",
    "closure": """
def outer(k):
    def inner(x): return x*k*Z
    return inner
Z=2
boom()
f=outer(3)
model=f(1)
""",
    "lambda": """
k=2
act=lambda x: x*k
boom()
k=5
model=act(1)
""",
    "annotation is evaluated": """
T=int
boom()
def f(x: T) -> T: return x
model=f(3)
""",
    "future annotations": """
from __future__ import annotations
boom()
def f(x: Nowhere) -> Nothing: return x
model=f(3)
""",
    "del then rebind": """
H=1
del H
H=2
boom()
model=[H]
""",
    "del at the end only frees memory": """
model=[1]
boom(model)
kept=model
del kept
""",
    "with block": """
import contextlib
with contextlib.nullcontext(3) as h:
    H=h
boom()
model=[H]
""",
    "tuple unpack": """
a,(b,*c)=1,(2,3,4)
boom()
model=[a,b,c]
""",
    "chained assignment": """
a=b=[1]
a.append(2)
boom()
model=b
""",
    "annotated assignment": """
H: int = 3
W: int
model: list = [H]
""",
    "match statement": """
k='b'
match k:
    case 'a': H=1
    case other: H=other
boom()
model=[H]
""",
    "f-string": """
n=3
name=f'net{n!r:>3}'
boom()
model=[name]
""",
    "main guard": """
H=1
if __name__ == '__main__':
    boom()
    model=[H]
""",
    "main guard, the other way round": """
if '__main__' == __name__:
    model=[4]
    boom()
""",
    "base class in another statement": """
class A:
    k=1
boom()
class B(A):
    pass
model=B().k
""",
    "inherited method reads a global": """
class A:
    def f(self): return G
class B(A): pass
G=4
boom()
model=B().f()
""",
    "method that only training uses reads the data": """
data=boom()
class N:
    def forward(self): return 1
    def train_dataloader(self): return data
model=N().forward()
""",
    "method called by forward reads a global": """
K=3
class N:
    def block(self): return K
    def forward(self): return self.block()
boom()
model=N().forward()
""",
    "property reads a global": """
K=3
class N:
    @property
    def k(self): return K
boom()
model=N().k
""",
    "attribute edit": """
class N: pass
H=5
model=N()
model.head=H
boom(model)
model=model
""",
    "attribute edit after last binding": SAME
    + """
H=5
model=Net()
boom(model)
model.head=H
""",
    "attribute deleted": SAME
    + """
model=Net()
model.b=2
del model.w
boom()
""",
    "setattr and delattr": SAME
    + """
model=Net()
setattr(model,'k',3)
delattr(model,'w')
boom(model)
""",
    "list append in a loop": """
layers=[]
for c in (1,2):
    layers.append(c)
boom(layers)
model=tuple(layers)
""",
    "loop that also plots": """
layers=[]
for c in (1,2):
    layers.append(c)
    boom(c)
model=tuple(layers)
""",
    "while loop": """
layers=[]
i=0
while i<3:
    layers.append(i)
    i+=1
boom()
model=layers
""",
    "loop with break": """
layers=[]
for i in range(9):
    if i>2:
        break
    layers.append(i)
boom()
model=layers
""",
    "augmented assignment": """
layers=[1]
layers+=[2]
boom()
model=tuple(layers)
""",
    "augmented assignment through an alias": """
a=[1]
b=a
b+=[2]
boom()
model=a
""",
    "dict config edited": """
cfg={}
cfg['w']=3
boom(cfg)
model=[cfg['w']]
""",
    "dict config updated": """
cfg={}
cfg.update(w=3)
boom(cfg)
model=[cfg['w']]
""",
    "edit of an item": """
model=[1,2]
model[1]=5
boom(model)
""",
    "alias of the edited object": SAME
    + """
model=Net()
m=model
m.head=5
boom(m)
""",
    "alias edited after the name was rebound": SAME
    + """
model=Net()
m=model
model=Net(2)
m.head=boom()
""",
    "alias of a part": SAME
    + """
model=Net(Net())
fc=model.w
fc.k=3
boom()
""",
    "part edited after the whole was built": SAME
    + """
conv=Net()
model=[conv]
conv.w=9
boom()
""",
    "argument edited after the whole was built": SAME
    + """
conv=Net()
model=Net(conv)
conv.w=9
boom()
""",
    "call edits argument": """
def init(m): m.append(1)
model=[]
init(model)
boom()
""",
    "call edits argument by keyword": """
def init(x, m=None): m.append(x)
model=[]
init(1, m=model)
boom()
""",
    "call edits argument two calls deep": """
def a(m): m.k=1
def b(n): a(n)
class Net:
    def __init__(self, w=1): self.w = w
model=Net()
b(model)
boom()
""",
    "call edits argument through its parts": SAME
    + """
def freeze(m):
    for p in m.parameters():
        p.grad=False
Net.parameters=lambda self: [self.w]
model=Net(Net())
freeze(model)
boom()
""",
    "call returns its argument": """
def wrap(m):
    return m
a=[1]
model=wrap(a)
a.append(2)
boom()
""",
    "call only uses its argument": """
def show(m): boom(m)
model=[1]
show(model)
other=[show(model)]
""",
    "method edits its object": """
class N:
    def __init__(self): self.k=1
    def grow(self): self.k=2
model=N()
model.grow()
boom()
""",
    "method only uses its object": """
class N:
    def __init__(self): self.k=1
    def show(self): return boom(self.k)
model=N()
model.show()
""",
    "freezing in a loop": SAME
    + """
Net.parameters=lambda self: [self.w]
model=Net(Net())
for p in model.parameters():
    p.requires_grad=False
boom()
""",
    "freezing in a loop with names": SAME
    + """
Net.named=lambda self: [('w',self.w)]
model=Net(Net())
for n, p in model.named():
    if 'w' in n:
        p.k=1
boom()
""",
    "initialiser from elsewhere": """
import types
nn=types.SimpleNamespace(init=types.SimpleNamespace(zeros_=lambda m: m.clear()))
model=[1]
nn.init.zeros_(model)
boom()
""",
    "apply": SAME
    + """
Net.apply=lambda self,f: f(self)
def weights(m): m.w=7
model=Net()
model.apply(weights)
boom()
""",
    "module replaced by assignment to a class": SAME
    + """
model=Net()
def area(self): return self.w
Net.area=area
boom()
model=model.area()
""",
    "edit in a with block": """
import contextlib
model=[1]
with contextlib.nullcontext():
    model[0]=3
boom()
""",
    "edit under a condition": """
model=[1]
if model:
    model.append(2)
    boom()
""",
    "function fills a global list": """
layers=[]
def add(n): layers.append(n)
add(1)
add(2)
boom()
model=layers
""",
    "argument parser": """
import argparse
parser=argparse.ArgumentParser()
parser.add_argument('--k',default=4)
boom()
args=parser.parse_args([])
model=[args.k]
""",
    "model edited by its own config later": SAME
    + """
cfg={'w':1}
model=Net(cfg)
cfg['w']=2
boom()
""",
}

TRAINED = {
    "training loop touches the model": """
model=Net()
for e in range(3):
    boom(model)
""",
    "training loop sets an attribute": """
model=Net()
for e in range(3):
    Loss().backward()
    model.best=boom()
""",
    "step of an optimiser": """
model=Net()
for e in range(3):
    optimizer.step()
    model.best=3
""",
    "call of a function that trains": """
model=Net()
fit(model)
""",
    "call of a function that trains, two calls deep": """
def main(m): fit(m)
model=Net()
main(model)
""",
    "result of training is another name": """
model=Net()
history=fit(model)
""",
    "rebound by training": """
model=Net()
model=fit(model)
""",
    "rebound by training, with history": """
def run(m):
    fit(m)
    return m, [1]
model=Net()
model, history=run(model)
""",
    "trained under another name": """
net=Net()
model=fit(net)
""",
    "training a new object": """
model=fit(Net(4))
""",
    "trained then wrapped": """
inner=Net()
for e in range(3):
    Loss().backward()
model=[inner]
""",
    "method that trains": """
class T:
    def __init__(self, m): self.m=m
    def fit(self):
        Loss().backward()
        self.m.best=1
model=Net()
T(model).fit()
""",
    "built inside the training loop": """
for seed in (1,2):
    model=Net(seed)
    Loss().backward()
model=Net(1)
""",
    "best copy taken inside the training loop": """
import copy
model=Net(5)
best=model
for e in range(2):
    Loss().backward()
    if boom() is None:
        best=copy.deepcopy(model)
model=best
""",
    "saved and loaded": """
import types
torch=types.SimpleNamespace(load=lambda f: boom() or Net(), save=boom)
model=Net()
torch.save(model,'m.pt')
model=torch.load('m.pt')
""",
    "load_state_dict bound to the model": """
Net.load_state_dict=lambda self, state: boom()
model=Net()
boom()
_model=model
model=model.load_state_dict({})
model=_model
""",
    "evaluation sets an attribute": """
model=Net()
model.k=2
score(model)
""",
    "trained or loaded": """
model=Net()
if boom is None:
    model.load_state_dict(boom())
else:
    fit(model)
    model.best=1
""",
    "built in one branch, trained there": """
if optimizer:
    model=Net(3)
    fit(model)
else:
    model=boom()
""",
    "trained until interrupted": """
model=Net()
try:
    while True:
        Loss().backward()
        break
except KeyboardInterrupt:
    boom()
""",
    "progress bar": """
import contextlib
model=Net()
with contextlib.nullcontext([1]) as bar:
    for b in bar:
        Loss().backward()
        model.best=b
""",
    "edit before training in the same loop": """
for seed in (4,):
    model=Net(seed)
    model.head=seed+1
    Loss().backward()
    boom()
""",
    "one of several models in a dict": """
models={'a':Net(1),'b':Net(2)}
for m in models.values():
    fit(m)
model=models['b']
""",
    "list of models": """
models=[]
for w in (1,2):
    models.append(Net(w))
    boom()
for m in models:
    fit(m)
model=models[-1]
""",
    "factory that trains nothing beside one that does": """
def make(): return Net(6)
def main():
    m=make()
    fit(m)
main()
model=make()
""",
    "training flag": """
Net.train=Net.eval=boom
model=Net()
model.train()
model.eval()
""",
}
