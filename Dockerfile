# The Holdfast service, with a Temporal server elsewhere (TEMPORAL_ADDRESS).
# Temporal's native worker needs glibc, so no Alpine.
FROM node:22-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# No install scripts: the project's own one builds, and there is nothing to build yet.
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
COPY workflows ./workflows
COPY activities ./activities
RUN npm run build && npm prune --omit=dev --ignore-scripts

FROM node:22-slim
# The worker's native part trusts the system's certificates, which the slim image leaves out.
RUN apt-get update \
  && apt-get install -y --no-install-recommends ca-certificates \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
# A new volume takes over the owner of the directory that it covers.
RUN install -d -m 0700 -o node -g node /var/lib/holdfast /var/lib/holdfast/blobs
USER node
ENV NODE_ENV=production HOLDFAST_DATA_DIR=/var/lib/holdfast HOLDFAST_PORT=8080
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8080/readyz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "dist/src/cli/main.js", "serve"]
