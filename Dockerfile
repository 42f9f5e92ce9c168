# syntax=docker/dockerfile:1
# The trainer, for one run of one grid: `docker build -t gridctl-trainer .`
#
#   TORCH_BUILD    cpu (default) or cuda: which build of torch the image must hold. The build
#                  fails if pip finds the other one; PyTorch's install page names the index of
#                  each build, to be passed as PIP_EXTRA_INDEX_URL.
#   GIT_SHA        commit of this source, noted in every metric log.
#   VERSION        version for the image's labels.
#   PYTHON_IMAGE   base of both stages.
ARG PYTHON_IMAGE=python:3.11-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
ARG PIP_EXTRA_INDEX_URL=""
ARG TORCH_BUILD=cpu
WORKDIR /build
# Only what names the libraries, so that a change of code does not install them again.
COPY pyproject.toml constraints.txt ./
RUN python -m venv --without-pip /opt/venv \
    && python -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['optional-dependencies']['trainer'], sep='\n')" > trainer.txt \
    && python -m pip --python /opt/venv/bin/python install --no-cache-dir --only-binary :all: \
        --constraint constraints.txt --requirement trainer.txt \
    && /opt/venv/bin/python -c "import sys, torch; found = 'cuda' if torch.version.cuda else 'cpu'; wanted = sys.argv[1]; found == wanted or sys.exit(f'torch {torch.__version__} is a {found} build, TORCH_BUILD is {wanted}: pass PIP_EXTRA_INDEX_URL, the index of the {wanted} builds')" "${TORCH_BUILD}"
COPY gridctl_start.py /app/
COPY trainer /app/trainer
# The command, with Python's safe path: neither the working directory nor PYTHONPATH takes a module's place.
RUN /opt/venv/bin/python -m compileall -q /app \
    && printf '#!/opt/venv/bin/python -P\nimport runpy\nrunpy.run_path("/app/gridctl_start.py", run_name="__main__")\n' > /opt/venv/bin/gridctl-trainer \
    && chmod 755 /opt/venv/bin/gridctl-trainer

FROM ${PYTHON_IMAGE}
ARG GIT_SHA=""
ARG VERSION=""
LABEL org.opencontainers.image.title="gridctl trainer" \
      org.opencontainers.image.description="Trains one run of a grid of segmentation models" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${GIT_SHA}"
# The base's own installers are of no use to a training pod, only to an intruder.
RUN python -c "import importlib.util as find, shutil; [shutil.rmtree(found.submodule_search_locations[0]) for name in ('pip', 'setuptools', 'wheel') if (found := find.find_spec(name))]" \
    && rm -f /usr/bin/pip* /usr/local/bin/pip*
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONPATH=/app \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    OMP_NUM_THREADS=1 \
    HOME=/tmp \
    GRIDCTL_GIT_SHA=${GIT_SHA}
WORKDIR /app
# A number, not a name: `runAsNonRoot` cannot look a name up.
USER 10001:10001
ENTRYPOINT ["gridctl-trainer"]
CMD ["--help"]
