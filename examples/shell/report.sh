#!/bin/sh
# Files a report and follows it. Needs a key with the purpose `reports`.
set -eu
node=${XIEZHI:-http://127.0.0.1:8080}
# A value of a JSON answer that is a text; a real program takes jq.
text() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" | head -n 1; }
call() { curl -fsS -H "Authorization: Bearer $XIEZHI_KEY" -H 'Accept: application/json' "$@"; }

# The same Idempotency-Key again gives the same answer: after a broken line nothing is reported twice.
made=$(call "$node/reports" -H 'Content-Type: application/json' -H "Idempotency-Key: example-$(date +%s)-$$" \
  -d '{"text": "三号楼门口的路灯不亮"}')
number=$(printf %s "$made" | sed 's/"receipt".*//' | text number)
code=$(printf %s "$made" | sed 's/"receipt".*//' | text code)
echo "number $number"
matter=$(call "$node/reports/$number?code=$code")
echo "state $(printf %s "$matter" | sed 's/"events".*//' | text state)"
