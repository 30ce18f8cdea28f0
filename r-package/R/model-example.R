# Rows of a model's training data, to infer its signature from.

example_rows <- 5

#' Find some rows that a model was fitted on, without its target
#'
#' @returns A data frame, or NULL where they are not to be found any more.
#' @noRd
training_example <- function(model) {
  data <- training_frame(model)
  columns <- predictor_names(model, data)
  if (!is.data.frame(data) || length(columns) == 0 || !all(columns %in% names(data))) return(NULL)
  rows <- as.data.frame(data)[columns]
  rows <- rows[stats::complete.cases(rows), , drop = FALSE]
  rows <- utils::head(rows, example_rows)
  rownames(rows) <- NULL
  # As data from elsewhere has them: without what model functions note on their columns.
  if (nrow(rows) > 0 && all(vapply(rows, function(x) !is.null(schema_type(x)), NA))) rows
}

training_frame <- function(model) {
  if (isS4(model)) return(if (methods::.hasSlot(model, "frame")) model@frame)
  if (!is.list(model)) return(NULL)
  if (is.data.frame(model$trainingData)) return(model$trainingData)
  if (is.data.frame(model$data)) return(model$data)
  fitted_on(model) %||% model$model
}

# The data that the model's call names, if it is still there: the first argument that is a table.
fitted_on <- function(model) {
  # xgboost has it among the attributes.
  call <- model$call %||% attr(model, "call")
  if (!is.call(call)) return(NULL)
  arguments <- as.list(call)[-1]
  named <- intersect(c("data", "x"), names(arguments))
  unnamed <- if (is.null(names(arguments))) seq_along(arguments) else which(names(arguments) == "")
  env <- environment(model_formula(model)) %||% globalenv()
  for (argument in c(arguments[named], arguments[unnamed])) {
    # Another object may have the name by now, or none.
    data <- tryCatch(eval(argument, env), error = function(cnd) NULL)
    if (is.data.frame(data)) return(data)
    if (is.matrix(data)) return(as.data.frame(data))
  }
}

model_formula <- function(model) {
  if (rlang::is_formula(model$terms)) return(model$terms)
  # Models that were fitted on a matrix have none.
  tryCatch(stats::formula(model), error = function(cnd) NULL)
}

predictor_names <- function(model, data) {
  if (isS4(model)) return(intersect(all.vars(stats::formula(model)[[3]]), names(data)))
  if (inherits(model, "train")) {
    # Of a recipe, the columns before its steps.
    columns <- model$recipe$var_info
    if (is.null(columns)) return(setdiff(names(data), ".outcome"))
    return(columns$variable[columns$role == "predictor"])
  }
  if (inherits(model, "ranger")) return(model$forest$independent.variable.names)
  if (inherits(model, "xgb.Booster")) return(xgboost_features(model))
  if (inherits(model, "glmnet")) return(glmnet_columns(model))
  if (inherits(model, "cv.glmnet")) return(glmnet_columns(model$glmnet.fit))
  formula <- if (is.list(model)) model_formula(model)
  if (!rlang::is_formula(formula)) return(NULL)
  # Parameters of nls() are no columns; a variable that is not in the data cannot be sent.
  intersect(all.vars(formula[[length(formula)]]), names(data))
}
