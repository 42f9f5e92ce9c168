# syntax=docker/dockerfile:1
# The trainer, for one run of one grid. For NVIDIA GPUs, and then for CPUs alone:
#   docker build $(image/source_arguments) -t gridctl-trainer:1 .
#   docker build $(image/source_arguments) -t gridctl-trainer:1 --build-arg TORCH_BUILD=cpu .
# podman and buildah take the same arguments. Without $(image/source_arguments) the image has no labels of version and
# commit, and says of the commit that nobody looked whether it was changed.
#
#   TORCH_BUILD    cuda (default, as a pod asks for a GPU unless told otherwise; it also runs on CPUs) or cpu, which is
#                  several GB smaller. The build ends with an error if torch turns out to be the other one.
#   TORCH_INDEX    where torch is taken from, and from nowhere else: the URL of an index, such as that of an older CUDA
#                  on PyTorch's install page, or `pip`: wherever pip is set up to look. By default PyTorch's CPU index,
#                  and for cuda `pip`: on x86-64, PyPI's own torch is the CUDA build.
#   GIT_SHA        commit of this source, noted in every metric log.
#   VERSION        version for the image's labels; by default that of pyproject.toml.
#   PYTHON_IMAGE   base of both stages.
ARG PYTHON_IMAGE=python:3.11-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
ARG TORCH_BUILD=cuda
ARG TORCH_INDEX=""
WORKDIR /build
# Only what names the libraries, so that a change of code does not install them again.
COPY pyproject.toml constraints.txt image/install_libraries.py ./
RUN python -m venv --without-pip /opt/venv \
    && python install_libraries.py --python /opt/venv/bin/python --build "${TORCH_BUILD}" --index "${TORCH_INDEX}"
# Our wheel, with its entry points: models, data sets and scores are found by them.
COPY README.md LICENSE ./
COPY k8s ./k8s
COPY experiments ./experiments
COPY orchestrator ./orchestrator
COPY trainer ./trainer
RUN python -m pip --python /opt/venv/bin/python install --no-cache-dir --no-deps .
# What git keeps of HEAD, if this is a repository: the patterns may match nothing.
COPY image/record_source.py .git/HEA[D] .git/packed-ref[s] .git/ref[s] ./
ARG GIT_SHA=""
ARG VERSION=""
RUN GIT_SHA="${GIT_SHA}" VERSION="${VERSION}" /opt/venv/bin/python -P record_source.py

FROM ${PYTHON_IMAGE}
# The base's own installers are of no use to a training pod, only to an intruder.
RUN python -c "import importlib.util as find, shutil; [shutil.rmtree(found.submodule_search_locations[0]) for name in ('pip', 'setuptools', 'wheel') if (found := find.find_spec(name))]" \
    && rm -f /usr/bin/pip* /usr/local/bin/pip*
COPY --from=build /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONSAFEPATH=1 \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    OMP_NUM_THREADS=1 \
    HOME=/tmp
WORKDIR /
# A number, not a name: `runAsNonRoot` cannot look a name up.
USER 10001:10001
ENTRYPOINT ["gridctl-trainer"]
CMD ["--help"]
# Last, so that another commit changes no layer above.
ARG GIT_SHA=""
ARG VERSION=""
LABEL org.opencontainers.image.title="gridctl trainer" \
      org.opencontainers.image.description="Trains one run of a grid of segmentation models" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${GIT_SHA}"
