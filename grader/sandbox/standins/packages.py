"""Names of packages: what is none of them was probably a file of the student's own."""

from __future__ import annotations

ASIDE = frozenset(
    """
    altair bokeh matplotlib mpl_toolkits plotly pylab seaborn
    aiohttp gdown httpx kaggle kagglehub requests urllib3 wget
    dask distributed ray
    """.split()
)
"""Packages that only draw, fetch what is not here, or spread work over machines. What stands for them is taken also
where they are installed, so that nothing depends on it, and nobody waits for a cache of fonts."""

PACKAGES = frozenset(
    """
    accelerate addict albumentations altair apex array_record attrdict av avalanche bitsandbytes bokeh box braindecode
    captum catalyst chex class_resolver clearml clip coloredlogs comet_ml composer cupy cv2 dali dask datasets deeplake
    deepspeed diffusers dgl dill docx easydict efficientnet_pytorch einops evaluate fairscale fast_pytorch_kmeans
    fastai fastbook fastcore fastprogress ffcv fire flax flwr foolbox ftfy fvcore gdown gluoncv google gradio graphviz
    gym gymnasium h5py hiddenlayer huggingface_hub hydra hyperopt ignite imageio imblearn imgaug imutils
    intel_extension_for_pytorch ipdb ipywidgets jax kaggle kagglehub keras kornia kymatio learn2learn librosa lightgbm
    lightning lightning_fabric lion_pytorch livelossplot loguru lpips lxml matplotlib medmnist ml_collections mlflow
    mlxtend mmcls mmcv mmdet mmengine mmpretrain monai moviepy mpl_toolkits munch nbdev neptune netron nibabel nltk
    nni numba nvidia objectives omegaconf onnx onnxruntime open_clip openai openml opacus optimum optuna opencv
    pandas peft plotly poutyne pretrainedmodels prettytable prodigyopt progressbar ptflops pycocotools pydicom
    pydrive pylab pymongo pyro pytorch_grad_cam pytorch_ignite pytorch_lightning pytorch_metric_learning
    pytorch_model_summary pytorch_msssim pytorch_optimizer pytorchcv pytorchtools qiskit rasterio ray requests
    resnest robustbench sacred scikitplot seaborn segmentation_models_pytorch sentence_transformers shap simplejson
    skimage sklearn skorch skopt snntorch spacy spikingjelly statsmodels streamlit swanlab tabulate tensorboard
    tensorboardX tensorboard_logger tensorflow tensorflow_datasets tensorly termcolor tfrecord thop tifffile timm
    tokenizers toml torch_directml torch_fidelity torch_geometric torch_lr_finder torch_optimizer torch_pruning
    torch_scatter torch_sparse torch_summary torch_tb_profiler torch_xla torchattacks torchaudio torchdata torchfusion
    torchinfo torchio torchmetrics torchnet torchnlp torchsampler torchsummary torchsummaryX torchtext torchtoolbox
    torchvision torchviz tqdm transformers turbojpeg umap visdom vit_pytorch wandb webdataset wget xgboost yacs
    yellowbrick zarr
    """.split()
)
"""Packages that people import beside PyTorch. An import of anything else that is not here was probably a file."""

NETWORKS = (
    "torchvision.models",
    "timm",
    "transformers",
    "diffusers",
    "efficientnet_pytorch",
    "pretrainedmodels",
    "pytorchcv",
    "segmentation_models_pytorch",
    "open_clip",
    "clip",
    "vit_pytorch",
    "torch.hub",
    "torchaudio.models",
    "torch_geometric.nn",
    "monai.networks",
    "snntorch",
    "spikingjelly",
    "einops",
    "kymatio",
)
"""Where networks and layers come from: a list of what is in them is not empty but unknown."""


def is_network(name: str) -> bool:
    """Tell whether a dotted name lies where networks come from."""
    return any(name == one or name.startswith((f"{one}.", f"{one}(")) for one in NETWORKS)
