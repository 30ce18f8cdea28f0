#' Tell another tool what is tracked
#'
#' The observer hears of everything that this session tracks from now on; an IDE shows it in a pane. Its
#' own errors are ignored: they never disturb the tracking.
#'
#' @param observer A list with a function `register_tracking_event(event_name, data)`. Events are
#'   `tracking_uri`, `active_experiment_id`, `active_run_id`, `create_run`, `log_metric`, `log_param`,
#'   `log_batch`, `set_tag`, `delete_tag`, `set_terminated`, `delete_run` and `restore_run`; `data` is a
#'   list.
#' @returns NULL, invisibly. The observers are kept in the option `MLflowObservers`.
#' @export
#' @examples
#' withr::with_options(list(MLflowObservers = NULL), {
#'   mlflow_register_external_observer(list(
#'     register_tracking_event = function(event_name, data) message("Tracked: ", event_name)
#'   ))
#' })
mlflow_register_external_observer <- function(observer) {
  if (!is.list(observer) && !is.environment(observer) || !is.function(observer$register_tracking_event)) {
    abort("{.arg observer} must have a function `register_tracking_event`.", "invalid_argument")
  }
  options(MLflowObservers = c(getOption("MLflowObservers"), list(observer)))
  invisible(NULL)
}

notify <- function(event, data) {
  for (observer in getOption("MLflowObservers")) {
    try(observer$register_tracking_event(event, data), silent = TRUE)
  }
}

# The event of each endpoint that changes a run.
endpoint_events <- c(
  `runs/log-metric` = "log_metric",
  `runs/log-parameter` = "log_param",
  `runs/log-batch` = "log_batch",
  `runs/set-tag` = "set_tag",
  `runs/delete-tag` = "delete_tag",
  `runs/delete` = "delete_run",
  `runs/restore` = "restore_run"
)

notify_request <- function(request) {
  if (is.null(getOption("MLflowObservers"))) return(invisible())
  label <- request_label(request)
  if (label %in% names(endpoint_events)) {
    notify(endpoint_events[[label]], from_json(text_of_bytes(request$body$data)))
  }
}
