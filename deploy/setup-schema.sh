#!/bin/sh
# Creates Temporal's two databases and brings their schemas up to date. Safe to run at every start, and after every
# upgrade of the image. Where and as whom comes from the SQL_* variables that temporal-sql-tool reads.
set -eu

set_up() {
  database=$1
  schema=$2
  temporal-sql-tool --db "$database" create
  temporal-sql-tool --db "$database" setup-schema -v 0.0
  temporal-sql-tool --db "$database" update-schema -d "/etc/temporal/schema/postgresql/v12/$schema/versioned"
}

set_up temporal temporal
set_up temporal_visibility visibility
