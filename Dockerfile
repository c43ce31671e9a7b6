# One image for every role; which ones a process takes is `--roles` (default: all).
# tests/unit/platform/test_packaging_files.py holds this file to what exists.
FROM python:3.13-slim AS build
WORKDIR /build
COPY requirements/ requirements/
RUN python -m venv /opt/builder \
 && /opt/builder/bin/pip install --no-cache-dir --require-hashes -r requirements/dev.txt \
 && python -m venv /opt/indgang \
 && /opt/indgang/bin/pip install --no-cache-dir --require-hashes -r requirements/run.txt
COPY pyproject.toml README.md LICENSE ./
COPY router/ router/
COPY channels/ channels/
COPY config/ config/
RUN /opt/builder/bin/python -m hatchling build -t wheel \
 && /opt/indgang/bin/pip install --no-cache-dir --no-deps dist/*.whl

FROM python:3.13-slim
RUN useradd --system --uid 10001 --home-dir /var/lib/indgang --create-home indgang
COPY --from=build /opt/indgang /opt/indgang
ENV PATH=/opt/indgang/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    INDGANG_HTTP=0.0.0.0:8080 \
    INDGANG_SMTP=0.0.0.0:2525 \
    INDGANG_DATA_DIR=/var/lib/indgang/data
USER indgang
WORKDIR /var/lib/indgang
VOLUME /var/lib/indgang
EXPOSE 8080 2525
# Alive, not ready: while PostgreSQL is away the phone still answers from this process.
HEALTHCHECK --interval=10s --timeout=5s --start-period=90s --retries=3 \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8080/healthz', timeout=4)"]
ENTRYPOINT ["indgang"]
CMD ["serve"]
