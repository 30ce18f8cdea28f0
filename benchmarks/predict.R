# Bare predict() in one R process: seconds of a call with so many rows, on average over some time.
#
#   Rscript predict.R FOLDER MODEL ROWS SECONDS
arguments <- commandArgs(trailingOnly = TRUE)
cases <- jsonlite::fromJSON(file.path(arguments[[1]], "cases.json"))
model <- unserialize(readRDS(file.path(arguments[[1]], arguments[[2]], "crate.bin")))
rows <- as.data.frame(cases$rows[seq_len(as.integer(arguments[[3]])), , drop = FALSE])
names(rows) <- cases$names

invisible(loadNamespace("ranger")) # for its predict method
clock <- function() proc.time()[["elapsed"]]
for (i in 1:3) model(rows)
calls <- 0
begin <- clock()
while (clock() < begin + as.numeric(arguments[[4]])) {
  model(rows)
  calls <- calls + 1
}
cat((clock() - begin) / calls)
