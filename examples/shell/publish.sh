#!/bin/sh
# Publishes a service of the own organisation and says how many places are left. Needs a key with the purpose
# `directory-write`, and the id of the organisation in XIEZHI_BODY.
set -eu
node=${XIEZHI:-http://127.0.0.1:8080}
call() {
  curl -fsS -H "Authorization: Bearer $XIEZHI_KEY" -H 'Accept: application/json' -H 'Content-Type: application/json' "$@"
}
service() {
  printf '{"body": "%s", "name": "周末义务理发", "about": "六十岁以上优先", "hours": "周六 9:00-11:00", "unit": "人", "maximum": 20, "available": %s}' \
    "$XIEZHI_BODY" "$1"
}

made=$(call "$node/services" -d "$(service 20)")
id=$(printf %s "$made" | grep -o '"id":"[0-9a-f-]\{36\}"' | head -n 1 | cut -d'"' -f4)
echo "service $id"
# A service is written as a whole: the same fields, with what has changed.
call "$node/services/$id" -d "$(service 17)" > /dev/null
echo "left $(call "$node/services/$id" | grep -o '"available":[0-9]*' | head -n 1 | cut -d: -f2)"
