# Addresses in a dozen spellings, read and found among 8,640 homes of 30 buildings, on one core: `bin/bench address [COUNT]`, seconds.
# Writes bench/results/address.json.

"$BENCH" address --count "${1:-1000000}" | jq --arg cpu "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1)" --arg date "$(date -u +%F)" \
  '{ machine: { $cpu }, $date } + .' >bench/results/address.json
jq -r '"\(.parse_per_second) addresses/s read, \(.parse_and_find_per_second) read and found; \(.found_right) of \(.addresses) found right"' bench/results/address.json
