# A weak phone and a thin line: `bin/bench phone [map] [line]`; what is measured is said in bench/phone.mjs.
browser_ready || die "without a browser there is nothing to measure"
XIEZHI_BIN=$PWD/$XIEZHI node bench/phone.mjs "$@"
