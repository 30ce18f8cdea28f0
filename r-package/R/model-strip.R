# Leaving the training data of a model behind.

# By class, the parts that predicting new rows does without.
training_parts <- list(
  lm = c("model", "x", "y", "residuals", "fitted.values", "effects", "weights", "na.action", "offset"),
  glm = c("data", "linear.predictors", "prior.weights"),
  gam = c("G", "hat", "working.weights", "std.rsd", "wt"),
  rpart = c("model", "x", "y", "where"),
  ranger = c("predictions", "inbag.counts"),
  randomForest = c(
    "predicted", "votes", "oob.times", "y", "x", "proximity", "localImportance", "inbag", "mse", "rsq"
  ),
  svm = c("fitted", "decision.values", "residuals"),
  nnet = c("fitted.values", "residuals", "weights", "model"),
  coxph = c("y", "x", "residuals", "linear.predictors", "weights", "model"),
  train = c("trainingData", "resample", "pred")
)

#' Drop the training data of a packed model, where its predictions stay the same
#'
#' @param crate From `pack()`.
#' @param example Rows to compare the predictions of; without them nothing is dropped.
#' @returns The crate, the smaller one if it predicts identically.
#' @noRd
drop_training_data <- function(crate, example) {
  env <- environment(crate)
  if (is.null(example) || is.null(env$model)) return(crate)
  slim <- copy_crate(crate)
  environment(slim)$model <- strip(env$model)
  # What does not predict any more raises errors of every kind.
  same <- tryCatch(
    identical(suppressWarnings(slim(example)), suppressWarnings(crate(example))),
    error = function(cnd) FALSE
  )
  if (!same) return(crate)
  sizes <- c(serialized_bytes(crate), serialized_bytes(slim))
  if (sizes[[2]] < sizes[[1]]) {
    rlang::inform(
      paste0(
        "The model goes without its training data: ", format_bytes(sizes[[2]]), " in place of ",
        format_bytes(sizes[[1]]), "."
      ),
      class = "crateflow_message_stripped",
      sizes = sizes
    )
  }
  slim
}

copy_crate <- function(crate) {
  old <- environment(crate)
  environment(crate) <- list2env(as.list(old, all.names = TRUE), parent = parent.env(old))
  crate
}

strip <- function(model) {
  if (!is.list(model)) return(model)
  classes <- class(model)
  plain <- unclass(model)
  for (part in unlist(training_parts[classes])) plain[[part]] <- NULL
  if (is.call(plain$call)) plain$call <- strip_call(plain$call, classes[[1]])
  if (inherits(plain$qr, "qr")) plain$qr <- strip_qr(plain$qr)
  for (part in c("terms", "formula", "pterms", "pred.formula")) {
    if (rlang::is_formula(plain[[part]])) environment(plain[[part]]) <- formula_env(plain[[part]])
  }
  if (inherits(plain$finalModel, names(training_parts))) plain$finalModel <- strip(plain$finalModel)
  structure(plain, class = classes)
}

# A call made by do.call() holds function, data and formula in full, where that of a script names them.
strip_call <- function(call, class) {
  if (is.function(call[[1]])) call[[1]] <- as.name(class)
  for (argument in setdiff(names(call), "")) {
    value <- call[[argument]]
    if (is.environment(environment(value)) && rlang::is_formula(value)) {
      environment(call[[argument]]) <- formula_env(value)
    } else if (!is.language(value) && (argument %in% data_arguments || serialized_bytes(value) > 1000)) {
      call[[argument]] <- as.name(argument)
    }
  }
  call
}

data_arguments <- c("data", "x", "y", "weights")

# Predictions and their standard errors use the triangular factor only, not the rows.
strip_qr <- function(qr) {
  rows <- seq_len(min(dim(qr$qr)))
  qr$qr <- qr$qr[rows, , drop = FALSE]
  qr
}

# The variables of the function that a formula was written in stay behind, but for functions and
# constants that the formula itself names, as in `y ~ poly(x, k)`.
formula_env <- function(formula) {
  env <- environment(formula)
  if (!is.environment(env) || isNamespace(env)) return(env)
  slim <- new.env(parent = globalenv())
  for (name in all.names(formula, unique = TRUE)) {
    value <- find_own(name, env)$value
    constant <- is.atomic(value) && length(value) == 1
    if (is.function(value) || constant) assign(name, value, envir = slim)
  }
  if (length(ls(slim, all.names = TRUE)) == 0) globalenv() else slim
}
