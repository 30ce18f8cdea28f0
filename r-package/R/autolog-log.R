# What is logged of a fitted model, the same for all kinds.

#' Log what a fitted model tells of its training
#'
#' @param run_id The run to log to.
#' @param options See `training_options()`.
#' @noRd
log_training <- function(model, run_id, options) {
  # What summary() has to say of a fit is for those who ask for it.
  record <- suppressWarnings(training_record(model))
  log_values(run_id, record$params, record$metrics, model_tags(model), record$history)
  data <- if (options$log_datasets) training_frame(model)
  if (is.data.frame(data)) mlflow_log_input(data, context = "train", run_id = run_id)
  tables <- compact(as.list(record$tables))
  for (file in names(tables)) mlflow_log_table(tables[[file]], file, run_id = run_id)
  if (length(record$importance) > 0) {
    mlflow_log_dict(as.list(record$importance), "feature_importance.json", run_id = run_id)
  }
  if (is.function(record$residuals)) {
    mlflow_log_figure(record$residuals, "residuals.png", run_id = run_id)
  }
  if (inherits(model, "train")) log_candidates(model, run_id, options$max_tuning_runs)
  if (options$log_models) {
    mlflow_log_model(model, "model",
      run_id = run_id, registered_model_name = options$registered_model_name, dry_run = FALSE
    )
  }
}

#' Log params, metrics and tags together
#'
#' @param params,tags Lists by name; params that are NULL or no plain values are left out.
#' @param metrics Numbers by name; those that are missing or infinite are left out.
#' @param history Data frame of `key`, `value` and `step`.
#' @noRd
log_values <- function(run_id, params, metrics, tags, history = NULL) {
  texts <- compact(lapply(params, param_text))
  last <- data.frame(pairs_of(metrics), step = rep(0, length(metrics)))
  metrics <- rbind(history, last)
  metrics <- metrics[is.finite(metrics$value), ]
  metrics$timestamp <- rep(now_ms(), nrow(metrics))
  mlflow_log_batch(metrics, pairs_of(texts, ""), pairs_of(tags, ""), run_id = run_id)
}

pairs_of <- function(x, kind = 0) {
  data.frame(key = as.character(names(x)), value = vapply(x, identity, kind, USE.NAMES = FALSE))
}

# A param may have 6000 characters.
param_text <- function(x) {
  x <- formula_text(x)
  if (!is.atomic(x) || length(x) == 0) return(NULL)
  substr(paste(vapply(x, as_text, ""), collapse = ", "), 1, 6000)
}

model_tags <- function(model) {
  kinds <- if (isS4(model)) methods::is(model) else class(model)
  # The class that has methods: a fit of randomForest() by a formula has one of its own before it.
  kind <- Find(function(kind) length(packages_of_class(kind)) > 0, kinds) %||% kinds[[1]]
  package <- utils::head(packages_of_class(kind), 1)
  list(estimator_name = kind, estimator_class = paste(c(package, kind), collapse = "::"))
}

#' Make a finished child run of each of the best candidates that caret tried
#'
#' @param max_runs How many.
#' @noRd
log_candidates <- function(model, run_id, max_runs) {
  client <- as_client(NULL)
  experiment_id <- get_run(client, run_id)$info$experiment_id
  names <- names(model$bestTune)
  candidates <- utils::head(ranked_candidates(model), max_runs)
  for (row in seq_len(nrow(candidates))) {
    tags <- c(context_tags(run_id, NULL), check_tags(list(mlflow.autologging = "caret")))
    child <- create_run(client, experiment_id, now_ms(), tags, run_name = NULL)$info$run_id
    values <- as.list(candidates[row, , drop = FALSE])
    log_values(child, values[names], unlist(values[setdiff(names(values), names)]), list())
    update_run(client, child, "FINISHED", now_ms())
  }
}

# The best first; none where nothing was resampled.
ranked_candidates <- function(model) {
  results <- model$results
  score <- results[[model$metric]]
  if (!is.numeric(score)) return(data.frame())
  results[order(score, decreasing = isTRUE(model$maximize)), , drop = FALSE]
}
