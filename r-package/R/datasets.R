#' Log which data a run used
#'
#' The data itself is not stored: its name, a digest of its content, its columns and its size are, so that
#' runs on the same data can be found.
#'
#' @inheritParams mlflow_create_experiment
#' @param data Data frame or matrix.
#' @param name What to call it.
#' @param context What it was used for, such as `"train"` or `"eval"`.
#' @param source Where it comes from: a path or an address; by default this script.
#' @param tags Named list or vector.
#' @param run_id By default the active run.
#' @returns A list of `name` and `digest`, invisibly. The same columns with the same values have the same
#'   digest in any session.
#' @export
#' @examplesIf nzchar(Sys.getenv("MLFLOW_TRACKING_URI"))
#' with(mlflow_start_run(), {
#'   mlflow_log_input(iris, "irises", context = "train")
#' })
mlflow_log_input <- function(data, name = "dataset", context = NULL, source = NULL, tags = NULL,
                             run_id = NULL, client = NULL) {
  if (is.matrix(data)) data <- as.data.frame(data)
  if (!is.data.frame(data)) {
    abort("{.arg data} must be a data frame or a matrix, not {describe(data)}.", "invalid_argument")
  }
  name <- check_string(name)
  context <- check_string(context, null = TRUE)
  tags <- c(check_tags(list(mlflow.data.context = context)[!is.null(context)]), check_tags(tags))
  dataset <- c(
    list(name = name, digest = data_digest(data)),
    data_source(check_string(source, null = TRUE)),
    list(
      schema = data_schema(data),
      profile = to_json(list(num_rows = nrow(data), num_elements = length(data) * nrow(data)))
    )
  )
  run_id <- logging_run_id(run_id, client)
  body <- list(run_id = run_id, datasets = list(compact(list(dataset = compact(dataset), tags = tags))))
  request_build(as_client(client), "POST", "runs/log-inputs", body = body) |>
    request_perform(idempotent = TRUE)
  invisible(dataset[c("name", "digest")])
}

# Eight digits, as those of other clients. Of the values: the version of R, which heads what serialize()
# writes, and the classes of tables do not count.
data_digest <- function(data) {
  columns <- lapply(as.list(data), function(x) if (is.character(x)) as_utf8(x) else x)
  bytes <- serialize(columns, NULL, version = 2)
  substr(cli::hash_raw_sha256(bytes[-seq_len(14)]), 1, 8)
}

# As MLflow names the columns of tables; NULL where a column has no type there.
data_schema <- function(data) {
  if (all(vapply(data, function(x) !is.null(schema_type(x)) && length(dim(x)) < 2, NA)) && ncol(data) > 0) {
    to_json(list(mlflow_colspec = table_schema(data)))
  }
}

data_source <- function(source) {
  if (is.null(source)) {
    tags <- list(mlflow.user = user_name(), mlflow.source.name = source_name(), mlflow.source.type = "LOCAL")
    return(list(source_type = "code", source = to_json(list(tags = tags))))
  }
  if (grepl("^https?://", source)) {
    return(list(source_type = "http", source = to_json(list(url = source))))
  }
  list(source_type = "local", source = to_json(list(uri = source)))
}
