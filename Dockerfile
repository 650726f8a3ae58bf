# Builds the exchange and keeps only what runs.

FROM node:24-bookworm-slim AS build
RUN apt-get update \
  && apt-get install --yes --no-install-recommends g++ make python3 \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci
COPY tsconfig.json ./
COPY src src
RUN npm run build && npm prune --omit=dev

FROM node:24-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY package.json LICENSE ./
RUN install --directory --owner=node --group=node --mode=0700 /data
USER node
VOLUME /data
EXPOSE 8080
# Health is asked inside the container, where the server listens on every address.
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PREGAO_PORT || 8080}/health/live`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# Exec form: the exchange is the process that gets SIGTERM, and stops in order. As in `npm start`, the heap
# may grow before it is collected: most of what an order allocates then dies before it is ever copied or marked.
ENTRYPOINT ["node", "--max-semi-space-size=64", "--initial-old-space-size=1024", "dist/main.js"]
CMD ["serve", "--host", "0.0.0.0", "--data", "/data"]
