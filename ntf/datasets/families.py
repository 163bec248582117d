"""Which family a generator belongs to, by its name as the public sets write it."""

import re

REAL = "real"
UNKNOWN = "unknown"
FAMILIES = ("gan", "diffusion", "autoregressive", "commercial", "multistep", UNKNOWN)

# Searched in this order in a name whose words are joined by `_`; the first that is found wins.
# What was edited comes first, since an edit names its generator too. A commercial service is
# `commercial` whatever it runs inside, since nobody outside knows.
_PATTERNS = {
    "multistep": r"edit|inpaint|faceswap|deepfake|face2face|img2img|kontext",
    "autoregressive": r"dalle?_?mini|craiyon|_muse_|amused|parti|cogview2?_|vqgan|llamagen|_var_"
    r"|_dalle_|emu_?3|infinity|simplear|janus|maskgit",
    "commercial": r"dall_?e|midjourney|firefly|gpt|imagen_?\d|nano_?banana|gemini|ideogram|recraft"
    r"|grok|leonardo|seedream|flux_?1?_?(1_)?pro|reve_|bing|starry_?ai|dreamstudio",
    "gan": r"gan\d*_|_gan|stylegan|pix2pix|whichfaceisreal",
    "diffusion": r"diffusion|_adm|ddpm|ddim|guided|_ldm|latent|glide|glid3|vqdm|_sd|wukong|flux"
    r"|kandinsky|pixart|kolors|playground|deepfloyd|_if_|cascade|wuerstchen|chroma|qwen|sana"
    r"|hunyuan|hidream|lumina|cogview|_dit|dit_|auraflow|aura_flow|majesty|imagen_|z_image|unidiffuser|ernie|bria|krea|omnigen|ovis|controlnet",
}
# Community Forensics says the architecture itself.
_ARCHITECTURES = {
    "latdiff": "diffusion",
    "pixdiff": "diffusion",
    "gan": "gan",
    "commercial": "commercial",
}


def find_family(generator: str, architecture: str = "") -> str:
    """One of `FAMILIES`; what the set says of the architecture goes before the name."""
    if stated := _ARCHITECTURES.get(architecture.lower()):
        return stated
    name = f"_{re.sub('[^a-z0-9]+', '_', generator.lower())}_"
    for family, pattern in _PATTERNS.items():
        if re.search(pattern, name):
            return family
    return UNKNOWN
