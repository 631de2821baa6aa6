"""What the student's code meets in place of a package, a module or a file that is not here.

packages    which names are packages, and which packages are made of networks
origin      what it is that is not here, and what is raised where it is needed
missing     one object for anything: attribute, call, base class, decorator, context, … and never a layer
finder      imports of students that find nothing else end here
installed   data sets of a torchvision that is installed
known       stand-ins that do their work where that is cheap: data sets, transforms, Lightning, tqdm, settings
"""
