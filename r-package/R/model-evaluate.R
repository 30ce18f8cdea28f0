#' Evaluate a model
#'
#' Predicts data whose target is known, and logs how well that went to the active run, if there is one.
#'
#' @param model A model that [mlflow_predict()] takes, or the URI of one (see [mlflow_load_model()]).
#' @param data Data frame with the target.
#' @param target Name of its column.
#' @param type Whether the target is a number or a class. A model that predicts probabilities has a column
#'   for each class.
#' @returns A list of `metrics` (named numbers: for a regressor `rmse`, `mae`, `r2` and `max_error`; for a
#'   classifier `accuracy`, `precision` and `recall` (means over the classes) and, of probabilities,
#'   `log_loss`), `predictions` and, for a classifier, the `confusion` table.
#' @export
#' @examples
#' fit <- lm(Sepal.Width ~ Sepal.Length, iris)
#' predictor <- crate(function(x) stats::predict(model, x), model = fit)
#' mlflow_evaluate(predictor, iris, "Sepal.Width")$metrics
mlflow_evaluate <- function(model, data, target, type = c("regressor", "classifier")) {
  type <- check_choice(type)
  target <- check_string(target)
  if (!is.data.frame(data) || !target %in% names(data)) {
    abort("{.arg data} must be a data frame with the column {.val {target}}.", "invalid_argument")
  }
  if (is.character(model)) model <- mlflow_load_model(model)
  truth <- data[[target]]
  predicted <- prediction_of(mlflow_predict(model, data[setdiff(names(data), target)]))
  if (!all(count_rows(predicted) == nrow(data))) {
    abort("The model does not predict one value for each row.", "invalid_argument")
  }
  if (type == "regressor" && !(is.numeric(truth) && is.numeric(predicted) && NCOL(predicted) == 1)) {
    abort("A regressor predicts numbers; is it a classifier?", "invalid_argument")
  }
  result <- switch(type,
    regressor = evaluate_numbers(truth, as.vector(predicted)),
    classifier = evaluate_classes(as.character(truth), predicted)
  )
  if (!is.null(active_run_id())) mlflow_log_metrics(result$metrics[!is.na(result$metrics)])
  result
}

evaluate_numbers <- function(truth, predicted) {
  residual <- truth - predicted
  list(
    metrics = c(
      rmse = sqrt(mean(residual^2)),
      mae = mean(abs(residual)),
      r2 = 1 - sum(residual^2) / sum((truth - mean(truth))^2),
      max_error = max(abs(residual))
    ),
    predictions = predicted
  )
}

evaluate_classes <- function(truth, predicted) {
  log_loss <- NULL
  if (length(dim(predicted)) == 2 && ncol(predicted) > 1) {
    p <- as.matrix(predicted)
    of_truth <- p[cbind(seq_along(truth), match(truth, colnames(p)))]
    # A class that was ruled out, or is unknown to the model, would make the loss infinite.
    of_truth[is.na(of_truth)] <- 0
    log_loss <- c(log_loss = -mean(log(pmax(of_truth, .Machine$double.eps))))
    predicted <- colnames(p)[max.col(p, ties.method = "first")]
  }
  predicted <- as.character(predicted)
  classes <- sort(union(truth, predicted), method = "radix")
  confusion <- table(truth = factor(truth, classes), predicted = factor(predicted, classes))
  right <- diag(confusion)
  list(
    metrics = c(
      accuracy = mean(truth == predicted),
      precision = mean(right / colSums(confusion), na.rm = TRUE),
      recall = mean(right / rowSums(confusion), na.rm = TRUE),
      log_loss
    ),
    predictions = predicted,
    confusion = confusion
  )
}

#' Set the signature of a logged model
#'
#' @inheritParams mlflow_create_experiment
#' @param model_uri `runs:/<run id>/<path>` or a folder of this machine.
#' @param signature From [mlflow_infer_signature()].
#' @returns `signature`, invisibly.
#' @export
#' @examples
#' path <- file.path(tempdir(), "described")
#' mlflow_save_model(crate(function(x) x$Sepal.Length / 2), path)
#' mlflow_set_signature(path, mlflow_infer_signature(iris["Sepal.Length"], 2.5))
mlflow_set_signature <- function(model_uri, signature, client = NULL) {
  uri <- check_string(model_uri)
  check_signature(signature)
  if (grepl("^models:", uri)) {
    abort("A registered version does not change: set the signature of the run's model.", "invalid_argument")
  }
  place <- locate_model(uri, client)
  folder <- withr::local_tempdir()
  download(place$root, join_path(place$path, "MLmodel"), file.path(folder, "MLmodel"))
  spec <- read_spec(folder)
  spec$signature <- signature_fields(signature)
  write_spec(spec, folder)
  upload_file(place$root, file.path(folder, "MLmodel"), join_path(place$path, "MLmodel"), environment())
  invisible(signature)
}
