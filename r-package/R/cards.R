# How one run, experiment, registered model or version is shown.

#' @export
print.mlflow_run <- function(x, ...) {
  # Several runs, or some columns of one, are a table like any other.
  if (!is_one_of(x, c("run_id", "status", "start_time", "metrics", "params", "tags"))) return(NextMethod())
  time <- format(x$start_time, "%Y-%m-%d %H:%M:%S")
  if (!is.na(x$end_time)) time <- paste0(time, ", ", format_seconds(x$end_time - x$start_time))
  metrics <- x$metrics[[1]]
  card("mlflow_run", x$run_name, list(
    run_id = x$run_id,
    experiment_id = x$experiment_id,
    status = if (identical(x$lifecycle_stage, "deleted")) paste(x$status, "(deleted)") else x$status,
    started = time,
    params = pairs_text(x$params[[1]]),
    metrics = pairs_text(list(key = metrics$key, value = format_each(metrics$value))),
    tags = pairs_text(own_tags(x$tags[[1]]))
  ))
  invisible(x)
}

#' @export
print.mlflow_experiment <- function(x, ...) {
  if (!is_one_of(x, c("experiment_id", "name", "artifact_location", "tags"))) return(NextMethod())
  card("mlflow_experiment", x$name, list(
    experiment_id = x$experiment_id,
    lifecycle_stage = if (!identical(x$lifecycle_stage, "active")) x$lifecycle_stage,
    artifact_location = x$artifact_location,
    tags = pairs_text(own_tags(x$tags[[1]]))
  ))
  invisible(x)
}

#' @export
print.mlflow_registered_model <- function(x, ...) {
  stage <- function(version) {
    staged <- !version$current_stage %in% c(list(NULL), "None")
    paste0(version$version, if (staged) paste0(" (", version$current_stage, ")"))
  }
  aliases <- vapply(x$aliases, function(alias) paste0(alias$alias, " = ", alias$version), "")
  card("mlflow_registered_model", x$name, list(
    description = x$description,
    latest_versions = vapply(x$latest_versions, stage, ""),
    aliases = aliases,
    tags = pairs_text(own_tags(pair_table(x$tags)))
  ))
  invisible(x)
}

#' @export
print.mlflow_model_version <- function(x, ...) {
  card("mlflow_model_version", paste0(x$name, ", version ", x$version), list(
    description = x$description,
    current_stage = if (!identical(x$current_stage, "None")) x$current_stage,
    aliases = as.character(unlist(x$aliases)),
    status = if (!identical(x$status, "READY")) x$status,
    source = x$source,
    run_id = x$run_id,
    tags = pairs_text(own_tags(pair_table(x$tags)))
  ))
  invisible(x)
}

is_one_of <- function(x, columns) {
  nrow(x) == 1 && all(columns %in% names(x))
}

# A title and a line for each field that says something.
card <- function(class, title, fields) {
  fields <- Filter(function(field) length(field) > 0 && !anyNA(field) && any(nzchar(field)), fields)
  show_lines("<", class, "> ", title)
  values <- vapply(fields, field_text, "")
  lines <- paste0("  ", names(values), ": ", values, recycle0 = TRUE)
  # A path is to be copied: it stays in one piece, behind its name.
  wrapped <- grepl(" ", values)
  lines[wrapped] <- vapply(lines[wrapped], function(line) {
    paste(strwrap(line, indent = 2, exdent = 4), collapse = "\n")
  }, "")
  show_lines(lines)
}

# More than these of a field, and longer ones, are not for a glance.
max_shown <- 20
max_letters <- 200

field_text <- function(values) {
  left_out <- length(values) - max_shown
  values <- utils::head(values, max_shown)
  long <- nchar(values) > max_letters
  values[long] <- paste0(substr(values[long], 1, max_letters), cli::symbol$ellipsis)
  paste(c(values, if (left_out > 0) paste("and", left_out, "more")), collapse = ", ")
}

# One line of each element; none at all where a part is empty.
show_lines <- function(...) {
  writeLines(paste0(..., recycle0 = TRUE))
}

pairs_text <- function(pairs) {
  pairs <- as.data.frame(pairs)[order(pairs$key, method = "radix"), ]
  paste(pairs$key, "=", pairs$value, recycle0 = TRUE)
}

# Without those that servers and clients set by themselves.
own_tags <- function(tags) {
  tags[!startsWith(tags$key, "mlflow."), ]
}

format_each <- function(x) {
  vapply(x, format, "", digits = 4)
}

format_seconds <- function(difference) {
  seconds <- as.numeric(difference, units = "secs")
  if (seconds < 120) paste(round(seconds, 1), "s") else format(round(difference, 1))
}
