# A crate behind plumber, the usual way to serve an R model.
#
#   Rscript plumber.R MODEL PORT
arguments <- commandArgs(trailingOnly = TRUE)
invisible(loadNamespace("ranger")) # for its predict method
model <- unserialize(readRDS(file.path(arguments[[1]], "crate.bin")))

score <- function(req) {
  split <- req$body$dataframe_split
  rows <- as.data.frame(matrix(unlist(split$data), ncol = length(split$columns)))
  names(rows) <- unlist(split$columns)
  list(predictions = model(rows))
}

api <- plumber::pr() |>
  plumber::pr_get("/ping", function() "ok") |>
  plumber::pr_post("/invocations", score, serializer = plumber::serializer_json(digits = NA))
plumber::pr_run(api, host = "127.0.0.1", port = as.integer(arguments[[2]]), docs = FALSE, quiet = TRUE)
