#' Log params
#'
#' A param is logged once: logging it again with another value is an error. Without an active run one
#' is started and stays active until [mlflow_end_run()].
#'
#' @inheritParams mlflow_create_experiment
#' @param key,value The param; the value is stored as text, a formula as its code.
#' @param params Named list or vector.
#' @param run_id By default the active run.
#' @returns `mlflow_log_param()` returns the value as text, `mlflow_log_params()` returns `params`; both
#'   invisibly.
#' @export
#' @examplesIf nzchar(Sys.getenv("MLFLOW_TRACKING_URI"))
#' with(mlflow_start_run(), {
#'   depth <- mlflow_log_param("depth", 3)
#'   as.integer(depth)
#'   mlflow_log_params(list(minsplit = 20, cp = 0.01))
#' })
mlflow_log_param <- function(key, value, run_id = NULL, client = NULL) {
  key <- check_string(key)
  value <- check_value(value %||% NA, arg = "value")
  run_id <- logging_run_id(run_id, client)
  body <- list(run_id = run_id, run_uuid = run_id, key = key, value = value)
  request_build(as_client(client), "POST", "runs/log-parameter", body = body) |>
    request_perform(idempotent = TRUE)
  invisible(value)
}

#' @rdname mlflow_log_param
#' @export
mlflow_log_params <- function(params, run_id = NULL, client = NULL) {
  pairs <- check_tags(params)
  log_in_batches(logging_run_id(run_id, client), client, params = pairs)
  invisible(params)
}
