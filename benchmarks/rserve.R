# A crate behind the HTTP server of Rserve, which RestRserve is built on; one process answers all connections.
#
#   Rscript rserve.R MODEL PORT
arguments <- commandArgs(trailingOnly = TRUE)
invisible(loadNamespace("ranger")) # for its predict method
model <- unserialize(readRDS(file.path(arguments[[1]], "crate.bin")))

.http.request <- function(url, query, body, headers) {
  if (url == "/ping") {
    return(list("ok", "text/plain"))
  }
  split <- jsonlite::fromJSON(rawToChar(body), simplifyVector = FALSE)$dataframe_split
  rows <- as.data.frame(matrix(unlist(split$data), ncol = length(split$columns), byrow = TRUE))
  names(rows) <- unlist(split$columns)
  list(jsonlite::toJSON(list(predictions = model(rows)), digits = NA), "application/json")
}

Rserve::run.Rserve(http.port = as.integer(arguments[[2]]), qap = "disable", config.file = "/dev/null")
