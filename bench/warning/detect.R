# The package surveillance on a file of series: detect.R SERIES.csv SETTINGS LAST OURS.csv; prints one line of JSON.
#
# SETTINGS is default, noufaily, muan or people (default with the population as offset); the LAST weeks of every series are tested, all in one
# call, which is its quickest way. OURS is what `xiezhi calc detect --compat r` says of the same points: compared row by row.
suppressPackageStartupMessages(library(surveillance))
args <- commandArgs(trailingOnly = TRUE)
rows <- read.csv(args[1], stringsAsFactors = FALSE)
last <- as.integer(args[3])
names <- unique(rows$series)
weeks <- sum(rows$series == names[1])
matrix_of <- function(column) matrix(rows[[column]], nrow = weeks, dimnames = list(NULL, names))
dates <- as.Date(rows$date[seq_len(weeks)])
counts <- sts(observed = matrix_of("count"), population = matrix_of("population"), start = c(2017, 1), frequency = 52,
              epoch = as.numeric(dates), epochAsDate = TRUE)
noufaily <- list(b = 5, w = 3, noPeriods = 10, pastWeeksNotIncluded = 26, alpha = 0.005, pThresholdTrend = 1,
                 thresholdMethod = "nbPlugin")
default <- list(b = 5, w = 3, alpha = 0.05)
control <- switch(args[2], default = default, noufaily = noufaily, muan = modifyList(noufaily, list(thresholdMethod = "muan")),
                  people = modifyList(default, list(populationOffset = TRUE)))
control$range <- (weeks - last + 1):weeks
control$verbose <- FALSE
began <- proc.time()
found <- suppressWarnings(farringtonFlexible(counts, control))
took <- sum((proc.time() - began)[c("user.self", "sys.self")])
ours <- read.csv(args[4], stringsAsFactors = FALSE)
key <- paste(rep(names, each = last), rep(as.character(tail(dates, last)), length(names)))
ours <- ours[match(key, paste(ours$series, ours$date)), ]
theirs <- function(slot) as.vector(slot)
upper <- theirs(upperbound(found))
alarm <- theirs(alarms(found))
score <- theirs(control(found)$score)
p <- theirs(control(found)$pvalue)
apart <- function(a, b) {
  both <- !is.na(a) & !is.na(b)
  if (!any(both)) return(0)
  max(abs(a[both] - b[both]) / pmax(abs(b[both]), 1e-6))
}
cat(sprintf(
  '{"settings":"%s","points":%d,"seconds":%.3f,"per_second":%.1f,"alarms":%d,"upper":%.3g,"score":%.3g,"pvalue":%.3g,"na_differ":%d,"alarms_differ":%d,"missing":%d}\n',
  args[2], length(upper), took, length(upper) / took, sum(alarm, na.rm = TRUE), apart(ours$upper, upper), apart(ours$score, score), apart(ours$pvalue, p),
  sum(is.na(ours$upper) != is.na(upper)), sum(ours$alarm != alarm, na.rm = TRUE), sum(is.na(ours$series))))
