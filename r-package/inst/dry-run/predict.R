# Runs in a fresh R process, with base R only: load a crate as a server would, predict, save the result.
# Arguments: folder with crate.bin and input.rds, where result.rds is written; then package names.

arguments <- commandArgs(trailingOnly = TRUE)
folder <- arguments[[1]]

failure <- function(cnd) {
  list(ok = FALSE, message = conditionMessage(cnd), call = deparse(conditionCall(cnd))[[1]])
}

result <- tryCatch(
  {
    for (package in arguments[-1]) loadNamespace(package)
    model <- unserialize(readRDS(file.path(folder, "crate.bin")))
    input <- readRDS(file.path(folder, "input.rds"))
    value <- model(input)
    # Each row alone, to learn whether the rows of one request influence each other.
    rows <- seq_len(min(NROW(input), 5))
    alone <- if (NROW(input) > 1) {
      tryCatch(
        lapply(rows, function(row) model(input[row, , drop = FALSE])),
        error = function(cnd) NULL
      )
    }
    list(ok = TRUE, value = value, alone = alone)
  },
  error = failure
)

saveRDS(result, file.path(folder, "result.rds"))
