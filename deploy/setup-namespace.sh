#!/bin/sh
# Creates Holdfast's namespace and its search attributes where they are missing. Safe to run at every start. Where comes
# from TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE, which the temporal command reads; RETENTION is for a new namespace only.
set -eu

# A server that has just started, and a namespace that has just been created, take a moment to be known everywhere.
retry() {
  attempts_left=30
  until "$@"; do
    attempts_left=$((attempts_left - 1))
    if [ "$attempts_left" -eq 0 ]; then
      echo "Gave up: $*" >&2
      return 1
    fi
    sleep 2
  done
}

has_namespace() {
  temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1
}

create_namespace() {
  has_namespace || temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention "$RETENTION"
}

create_search_attributes() {
  temporal operator search-attribute create --namespace "$TEMPORAL_NAMESPACE" \
    --name HoldfastModel --type Keyword \
    --name HoldfastState --type Keyword \
    --name HoldfastTarget --type Keyword \
    --name HoldfastTags --type KeywordList
}

retry temporal operator cluster health
retry create_namespace
retry create_search_attributes
