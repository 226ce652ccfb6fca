# An image with everything that training and predicting need, set up as on any Debian 12 (docs/start.md).
#
#   docker build -t bscnet .
#   docker run --rm -v "$PWD:/work" bscnet predict scan.ply
#   docker run --rm -v "$PWD:/work" bscnet run experiment=rooms
#
# With the torch of PyPI, which brings CUDA and some GB:
#
#   docker build -t bscnet-cuda --build-arg TORCH=torch==2.13.0 --build-arg INDEX= .
#   docker run --rm --gpus all -v "$PWD:/work" bscnet-cuda run experiment=rooms trainer=gpu
FROM debian:bookworm-slim
ARG TORCH=torch==2.13.0+cpu
ARG INDEX=https://download.pytorch.org/whl/cpu
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates make python3
COPY . /opt/bscnet
RUN PIP_NO_CACHE_DIR=1 PIP_EXTRA_INDEX_URL="$INDEX" make -C /opt/bscnet setup TORCH="$TORCH"
ENV PATH=/opt/bscnet/.venv/bin:$PATH
WORKDIR /work
ENTRYPOINT ["bscnet"]
