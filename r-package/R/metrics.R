#' Log metrics
#'
#' Without an active run one is started and stays active until [mlflow_end_run()].
#'
#' @inheritParams mlflow_create_experiment
#' @param key,value The metric; NaN and the infinities are allowed, NA is not.
#' @param metrics Named list or vector of numbers.
#' @param timestamp POSIXct or milliseconds since 1970; by default now.
#' @param step Where in the training; a whole number, by default 0.
#' @param run_id By default the active run.
#' @returns `mlflow_log_metric()` returns the value as text, `mlflow_log_metrics()` returns `metrics`;
#'   both invisibly.
#' @export
#' @examplesIf nzchar(Sys.getenv("MLFLOW_TRACKING_URI"))
#' with(mlflow_start_run(), {
#'   for (step in 1:3) mlflow_log_metric("loss", 1 / step, step = step)
#'   mlflow_log_metrics(c(rmse = 0.43, mae = 0.33))
#' })
mlflow_log_metric <- function(key, value, timestamp = NULL, step = NULL, run_id = NULL,
                              client = NULL) {
  key <- check_string(key)
  value <- check_metric(value)
  timestamp <- as_ms(timestamp) %||% now_ms()
  step <- round(check_number(step, null = TRUE) %||% 0)
  run_id <- logging_run_id(run_id, client)
  body <- list(
    run_id = run_id, run_uuid = run_id, key = key, value = value, timestamp = timestamp, step = step
  )
  request_build(as_client(client), "POST", "runs/log-metric", body = body) |>
    request_perform(idempotent = TRUE)
  invisible(as_text(value))
}

#' @rdname mlflow_log_metric
#' @export
mlflow_log_metrics <- function(metrics, step = NULL, timestamp = NULL, run_id = NULL,
                               client = NULL) {
  if (length(metrics) > 0 && !rlang::is_named(metrics)) {
    abort("{.arg metrics} must give one number per name.", "invalid_argument")
  }
  timestamp <- as_ms(timestamp) %||% now_ms()
  step <- round(check_number(step, null = TRUE) %||% 0)
  call <- environment()
  points <- unname(Map(function(key, value) {
    value <- check_metric(value, arg = key, call = call)
    list(key = as_utf8(key), value = value, timestamp = timestamp, step = step)
  }, names(metrics), metrics))
  log_in_batches(logging_run_id(run_id, client), client, metrics = points)
  invisible(metrics)
}

check_metric <- function(x, arg = rlang::caller_arg(x), call = rlang::caller_env()) {
  if (length(x) != 1) abort("Value must be a scalar (length 1).", "invalid_argument", call = call)
  check_number(if (is.logical(x) && !is.na(x)) as.numeric(x) else x, arg = arg, call = call)
}

#' Log many metrics, params and tags at once
#'
#' @inheritParams mlflow_create_experiment
#' @param metrics Data frame of `key`, `value`, `step` and `timestamp` (milliseconds since 1970 or
#'   POSIXct).
#' @param params,tags Data frames of `key` and `value`.
#' @param run_id By default the active run.
#' @returns NULL, invisibly.
#' @export
#' @examplesIf nzchar(Sys.getenv("MLFLOW_TRACKING_URI"))
#' with(mlflow_start_run(), {
#'   mlflow_log_batch(
#'     metrics = data.frame(key = "loss", value = 1 / 1:3, step = 1:3, timestamp = Sys.time()),
#'     params = data.frame(key = c("depth", "cp"), value = c(3, 0.01))
#'   )
#' })
mlflow_log_batch <- function(metrics = NULL, params = NULL, tags = NULL, run_id = NULL,
                             client = NULL) {
  check_batch(metrics, "metrics", c("key", "value", "step", "timestamp"))
  check_batch(params, "params", c("key", "value"))
  check_batch(tags, "tags", c("key", "value"))
  points <- if (!is.null(metrics)) {
    check_batch_numbers(metrics)
    times <- metrics$timestamp
    if (inherits(times, "POSIXt")) times <- as.numeric(as.POSIXct(times)) * 1000
    unname(Map(
      function(key, value, step, timestamp) {
        list(key = key, value = value, timestamp = timestamp, step = step)
      },
      as_utf8(as.character(metrics$key)), as.numeric(metrics$value), round(metrics$step), round(times)
    ))
  }
  run_id <- logging_run_id(run_id, client)
  log_in_batches(run_id, client, points, batch_pairs(params), batch_pairs(tags))
  invisible(NULL)
}

check_batch <- function(frame, name, columns, call = rlang::caller_env()) {
  if (is.null(frame)) return(invisible())
  if (!is.data.frame(frame) || !setequal(names(frame), columns)) {
    expected <- paste(columns, collapse = ", ")
    found <- paste(names(frame), collapse = ", ")
    abort(
      paste(
        "{name} batch input dataframe must contain exactly the following columns: {expected}.",
        "Found: {found}"
      ),
      "invalid_argument",
      call = call
    )
  }
  missing <- vapply(frame, function(column) any(is.na(column) & !is_nan(column)), NA)
  if (any(missing)) {
    abort("{name} batch input dataframe contains a missing ('NA') entry.", "invalid_argument",
      call = call
    )
  }
}

check_batch_numbers <- function(metrics, call = rlang::caller_env()) {
  numeric <- vapply(metrics[c("value", "step")], is.numeric, NA)
  if (!all(numeric)) {
    wrong <- names(numeric)[!numeric]
    abort("metrics batch input dataframe must have numbers in: {wrong}.", "invalid_argument", call = call)
  }
}

is_nan <- function(x) {
  if (is.numeric(x)) is.nan(x) else logical(length(x))
}

batch_pairs <- function(frame) {
  if (is.null(frame)) return(NULL)
  values <- if (is.factor(frame$value)) as.character(frame$value) else frame$value
  unname(Map(
    function(key, value) list(key = as_utf8(key), value = as_text(value)),
    as.character(frame$key), values
  ))
}

# The protocol allows 1000 metrics, 100 params and 100 tags in one request, 1000 items in all.
log_in_batches <- function(run_id, client, metrics = NULL, params = NULL, tags = NULL,
                           call = rlang::caller_env()) {
  client <- as_client(client, call)
  batches <- max(ceiling(c(length(metrics) / 800, length(params) / 100, length(tags) / 100)))
  for (batch in seq_len(batches)) {
    part <- function(x, size) x[ceiling(seq_along(x) / size) == batch]
    body <- list(
      run_id = run_id,
      metrics = part(metrics, 800),
      params = part(params, 100),
      tags = part(tags, 100)
    )
    request_build(client, "POST", "runs/log-batch", body = body[lengths(body) > 0]) |>
      request_perform(idempotent = TRUE, call = call)
  }
}

#' Get all values of a metric
#'
#' @inheritParams mlflow_create_experiment
#' @param metric_key Its key.
#' @param run_id By default the active run.
#' @returns A tibble of `key`, `value`, `timestamp` (POSIXct) and `step`, in the order of time; without
#'   rows for a metric that was never logged.
#' @export
#' @examplesIf nzchar(Sys.getenv("MLFLOW_TRACKING_URI"))
#' with(mlflow_start_run(), {
#'   for (step in 1:3) mlflow_log_metric("loss", 1 / step, step = step)
#'   mlflow_get_metric_history("loss")
#' })
mlflow_get_metric_history <- function(metric_key, run_id = NULL, client = NULL) {
  run_id <- resolve_run_id(run_id, client)
  client <- as_client(client)
  query <- list(
    run_id = run_id, run_uuid = run_id, metric_key = check_string(metric_key), max_results = 25000
  )
  points <- list()
  repeat {
    answer <- request_build(client, "GET", "metrics/get-history", query = query) |>
      request_perform()
    points <- c(points, answer$metrics)
    query$page_token <- answer$next_page_token
    if (is.null(query$page_token)) return(metric_table(points))
  }
}
