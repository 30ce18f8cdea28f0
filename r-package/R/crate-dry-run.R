#' Predict with a crate in a fresh R process
#'
#' @param folder A folder that holds `crate.bin`.
#' @param packages Names of the packages to load first.
#' @param input Data frame.
#' @returns A list of `value`, the prediction, and `alone`, those of the first rows one by one.
#' @noRd
dry_run <- function(folder, packages, input, call = rlang::caller_env()) {
  work <- withr::local_tempdir()
  file.copy(file.path(folder, "crate.bin"), work)
  saveRDS(input, file.path(work, "input.rds"))
  output <- file.path(work, "output.txt")
  script <- system.file("dry-run", "predict.R", package = "crateflow", mustWork = TRUE)
  # The libraries of this session, but nothing else of it: no profile, no saved workspace.
  withr::local_envvar(R_LIBS = paste(.libPaths(), collapse = .Platform$path.sep), R_TESTS = NA)
  timeout_s <- getOption("crateflow.dry_run_timeout_s", 120)
  status <- suppressWarnings(system2(
    file.path(R.home("bin"), "Rscript"),
    c("--vanilla", shQuote(c(script, work, packages))),
    stdout = output, stderr = output, stdin = "", timeout = timeout_s
  ))
  result <- file.path(work, "result.rds")
  if (!file.exists(result)) abort_dry_run(ended_early(status, output, timeout_s), call)
  result <- readRDS(result)
  if (!result$ok) abort_dry_run(c(x = result$message, i = dry_run_advice(result$message)), call)
  result
}

ended_early <- function(status, output, timeout_s) {
  # What system2() says when it stopped the process.
  if (status == 124) return(c(x = paste("It did not answer within", timeout_s, "seconds.")))
  said <- utils::tail(read_lines(output), 5)
  c(
    x = paste0("The process ended, with status ", status, ", before it answered: does the crate quit?"),
    stats::setNames(said, rep(" ", length(said)))
  )
}

read_lines <- function(path) {
  strsplit(read_utf8(path), "\n", fixed = TRUE)[[1]]
}

# What usually is behind an error that only a fresh process shows.
dry_run_advice <- function(message) {
  if (grepl("could not find function|no applicable method", message)) {
    "Name the package it comes from: `packages = \"<package>\"`, or write `package::fun()`."
  } else if (grepl("object '.*' not found", message)) {
    "Pass the object to `crate()` by name; does `input_example` have all columns?"
  } else {
    "Does `input_example` have the columns and types that the model was fitted on?"
  }
}

abort_dry_run <- function(cause, call) {
  abort(
    c("The crate cannot predict its input example in a fresh R process.", as_plain(cause)),
    "dry_run",
    call = call
  )
}

#' Compare what the fresh process predicted with what this session does
#' @noRd
check_same_prediction <- function(crate, input, there, call = rlang::caller_env()) {
  here <- tryCatch(crate(input), error = function(cnd) {
    abort(
      c(
        "The crate predicts its input example in a fresh R process, but not in this session.",
        x = "{conditionMessage(cnd)}"
      ),
      "dry_run",
      call = call
    )
  })
  same <- all.equal(here, there, check.environment = FALSE)
  if (isTRUE(same)) return(invisible())
  difference <- same[[1]]
  abort(
    c(
      "The crate predicts its input example differently in a fresh R process than here.",
      x = "{difference}",
      i = "Does it use a variable or an option of this session, or random numbers?"
    ),
    "dry_run",
    call = call
  )
}

# Whether rows of different requests may be scored together: each row's prediction is its own. NULL
# where one row cannot tell.
is_row_wise <- function(value, alone, n_rows) {
  if (!all(count_rows(value) == n_rows)) return(FALSE)
  if (n_rows == 1) return(NULL)
  if (is.null(alone)) return(FALSE)
  same <- vapply(seq_along(alone), function(row) {
    all(count_rows(alone[[row]]) == 1) &&
      isTRUE(all.equal(take_row(value, row), take_row(alone[[row]], 1), check.attributes = FALSE))
  }, NA)
  all(same)
}

# A list, as lda() predicts, has the rows of its parts.
count_rows <- function(value) {
  value <- prediction_of(value)
  if (is.list(value) && !is.data.frame(value)) vapply(value, NROW, 0L) else NROW(value)
}

take_row <- function(value, row) {
  value <- prediction_of(value)
  if (is.list(value)) return(lapply(unname(as.list(value)), take_row, row))
  if (length(dim(value)) == 2) return(as.vector(value[row, ]))
  if (is.factor(value)) as.character(value)[row] else as.vector(value)[row]
}

prediction_of <- function(value) {
  if (inherits(value, "ranger.prediction")) value$predictions else value
}
