# README.md, "Run it in a container", says how to start it.
#
# The base is any Debian or Ubuntu with Python 3.11 or newer, its venv module and pip. `make
# pin-images` puts the digest behind the tag, here and in compose.yaml.
ARG PYTHON_IMAGE=python:3.13-slim

FROM ${PYTHON_IMAGE} AS packages
COPY requirements.lock /tmp/
# Wheels alone, as there is no compiler here; no pip inside, as nothing is installed later.
RUN python3 -m venv --without-pip /opt/venv \
    && python3 -m pip --python /opt/venv install --quiet --no-cache-dir --only-binary=:all: \
        --require-hashes -r /tmp/requirements.lock

FROM ${PYTHON_IMAGE}
LABEL org.opencontainers.image.title="Tween" \
    org.opencontainers.image.description="A self-hosted Discord bot that makes short videos" \
    org.opencontainers.image.licenses="MIT"
# The same numbers everywhere: a folder mounted from the host must belong to them.
RUN groupadd --gid 10001 tween \
    && useradd --uid 10001 --gid tween --home-dir /app --no-create-home tween \
    && install --directory --owner tween --group tween /app/data
COPY --from=packages /opt/venv /opt/venv
# Inside a container 127.0.0.1 is nobody else's; whether the port can be reached is for -p to say.
ENV PATH="/opt/venv/bin:${PATH}" \
    PYTHONUNBUFFERED=1 \
    HTTP_LISTEN=0.0.0.0:8080
# The bot looks here for `.env` and `data/`, which are its defaults.
WORKDIR /app
COPY LICENSE ./
COPY bot/ bot/
COPY cogs/ cogs/
COPY migrations/ migrations/
# Compiled now, as the user may not write here; readable whatever the umask of the checkout was.
RUN python -m compileall -q bot cogs migrations \
    && chmod -R a+rX bot cogs migrations LICENSE
USER 10001:10001
VOLUME /app/data
EXPOSE 8080
STOPSIGNAL SIGTERM
# /readyz, not /healthz: a bot whose gateway, database or loops fail is not healthy.
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 \
    CMD ["python", "-m", "bot.healthcheck"]
ENTRYPOINT ["python", "-m", "bot"]
CMD ["run"]
