# A weak phone and a thin line: `bin/bench phone [map] [line]`; what is measured is said in bench/phone.mjs.
need "${CHROMIUM:-chromium}" chromium fonts-noto-cjk || die "no Chromium"
need npm nodejs npm || die "no Node.js (20 or newer)"
vendor_browser_files
[ -d e2e/node_modules ] || npm --prefix e2e ci --ignore-scripts --no-audit --no-fund --silent
XIEZHI_BIN=$PWD/$XIEZHI node bench/phone.mjs "$@"
