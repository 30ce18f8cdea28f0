#' Share the active run with Python and other processes
#'
#' Until the run ends, the environment variables `MLFLOW_RUN_ID` and `MLFLOW_TRACKING_URI` tell of it: the
#' next run that starts in Python chunks of the same document, or in a process that is started from here, is
#' this one.
#'
#' Python goes on with the run at its first logging call, or in `with mlflow.start_run():`. That takes the id
#' out of the environment, and so does the end of the run here: share the run again before a further such
#' block. The other way round, what Python sets in `os.environ["MLFLOW_RUN_ID"]`, [mlflow_start_run()] goes on
#' with. In a Jupyter notebook, where R runs within Python, Python does not see what R sets: fetch the id with
#' `run_id = %R mlflow_id(mlflow_active_run())`, and give `run_id[0]` to Python's `start_run()`.
#'
#' @returns The run's id, invisibly.
#' @export
#' @examplesIf nzchar(Sys.getenv("MLFLOW_TRACKING_URI"))
#' with(mlflow_start_run(), {
#'   mlflow_share_run()
#'   system2(file.path(R.home("bin"), "Rscript"), c("-e", shQuote("Sys.getenv('MLFLOW_RUN_ID')")))
#' })
mlflow_share_run <- function() {
  run_id <- resolve_run_id(NULL, NULL)
  variables <- list(MLFLOW_RUN_ID = run_id, MLFLOW_TRACKING_URI = mlflow_get_tracking_uri())
  do.call(Sys.setenv, variables)
  python <- python_environment()
  if (!is.null(python)) python$update(variables)
  session$shared_run <- run_id
  invisible(run_id)
}

# A run that has ended is not to be gone on with. What others shared is left alone: the run of a project goes
# on in each block of its script.
stop_sharing <- function(run_id) {
  if (!identical(session$shared_run, run_id)) return(invisible())
  session$shared_run <- NULL
  if (Sys.getenv("MLFLOW_RUN_ID") == run_id) Sys.unsetenv("MLFLOW_RUN_ID")
  python <- python_environment()
  if (!is.null(python) && identical(python$get("MLFLOW_RUN_ID"), run_id)) python$pop("MLFLOW_RUN_ID")
}

# A Python that runs within this process has read its environment when it started.
python_environment <- function() {
  if (isNamespaceLoaded("reticulate") && reticulate::py_available()) reticulate::import("os")$environ
}
