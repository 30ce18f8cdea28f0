# What each kind of model tells of its training.

#' Describe a training by the model that came of it
#'
#' @returns A list, any part of which may be absent: `params` and `metrics` by name, `history` (data frame of
#'   `key`, `value`, `step`), `tables` (data frames by file), `importance` (numbers by feature) and
#'   `residuals` (a function that draws them).
#' @noRd
training_record <- function(model) UseMethod("training_record")

#' @export
training_record.default <- function(model) {
  list(params = list(formula = own_formula(model)), metrics = likelihood_measures(model))
}

# Linear models ------------------------------------------------------------------------------------------

#' @export
training_record.lm <- function(model) {
  summary <- stats::summary.lm(model)
  f <- summary$fstatistic
  fit <- c(
    rsquared = summary$r.squared,
    rsquared_adj = summary$adj.r.squared,
    fvalue = f[["value"]],
    f_pvalue = if (!is.null(f)) stats::pf(f[["value"]], f[["numdf"]], f[["dendf"]], lower.tail = FALSE),
    ssr = stats::deviance(model),
    df_resid = model$df.residual
  )
  list(
    params = list(formula = own_formula(model), contrasts = unlist(model$contrasts)),
    metrics = c(fit, likelihood_measures(model), error_measures(stats::residuals(model))),
    tables = list(coefficients.json = coefficient_table(summary$coefficients)),
    residuals = function() draw_residuals(stats::fitted(model), stats::residuals(model), "Residuals")
  )
}

# Several responses at once have no likelihood here, and a table each.
#' @export
training_record.mlm <- training_record.default

#' @export
training_record.glm <- function(model) {
  coefficients <- stats::coef(summary(model))
  list(
    params = list(
      formula = own_formula(model), family = model$family$family, link = model$family$link,
      iterations = model$iter, converged = model$converged
    ),
    metrics = c(
      deviance = model$deviance, null_deviance = model$null.deviance, df_resid = model$df.residual,
      likelihood_measures(model)
    ),
    # Smooth models have more than coefficients.
    tables = if (is.matrix(coefficients)) list(coefficients.json = coefficient_table(coefficients)),
    residuals = function() {
      draw_residuals(stats::fitted(model), stats::residuals(model, "deviance"), "Deviance residuals")
    }
  )
}

coefficient_table <- function(coefficients) {
  table <- as.data.frame(coefficients)
  names(table) <- c("estimate", "std_error", "statistic", "p_value")[seq_along(table)]
  cbind(term = rownames(coefficients), table)
}

# More points than these take seconds to draw, and show no more.
max_points <- 5000

draw_residuals <- function(fitted, residuals, label) {
  if (length(fitted) > max_points) {
    shown <- round(seq(1, length(fitted), length.out = max_points))
    fitted <- fitted[shown]
    residuals <- residuals[shown]
    label <- paste0(label, ", of ", max_points, " rows")
  }
  graphics::par(mfrow = c(1, 2))
  plot(fitted, residuals, xlab = "Fitted values", ylab = label)
  graphics::abline(h = 0, lty = 2)
  stats::qqnorm(residuals, main = "", ylab = label)
  stats::qqline(residuals, lty = 2)
}

# Trees and forests --------------------------------------------------------------------------------------

#' @export
training_record.rpart <- function(model) {
  control <- model$control
  chosen <- intersect(c("minsplit", "minbucket", "cp", "maxdepth", "maxcompete", "maxsurrogate", "xval"),
    names(control)
  )
  truth <- model$y
  predicted <- model$frame$yval[model$where]
  measured <- if (is.null(truth)) {
    NULL
  } else if (model$method == "class") {
    c(training_accuracy_score = mean(predicted == truth))
  } else if (model$method == "anova") {
    error_measures(truth - predicted, truth)
  }
  list(
    params = c(list(formula = own_formula(model), method = model$method), control[chosen]),
    metrics = c(n_leaves = sum(model$frame$var == "<leaf>"), measured),
    tables = list(cp_table.json = as.data.frame(model$cptable)),
    importance = model$variable.importance
  )
}

#' @export
training_record.ranger <- function(model) {
  list(
    params = list(
      formula = called_formula(model), treetype = model$treetype, num.trees = model$num.trees,
      mtry = model$mtry, min.node.size = model$min.node.size, splitrule = model$splitrule,
      replace = model$replace
    ),
    metrics = c(oob_error = model$prediction.error, oob_r2_score = model$r.squared),
    tables = list(confusion_matrix.json = confusion_frame(model$confusion.matrix)),
    importance = model$variable.importance
  )
}

#' @export
training_record.randomForest <- function(model) {
  # After each tree: the rate of wrong classes, or the mean of the squared errors.
  error <- if (model$type == "classification") model$err.rate[, "OOB"] else model$mse
  importance <- model$importance
  list(
    params = list(
      formula = own_formula(model), type = model$type, ntree = model$ntree, mtry = model$mtry
    ),
    metrics = c(oob_r2_score = model$rsq[length(model$rsq)]),
    history = data.frame(key = rep("oob_error", length(error)), value = error, step = seq_along(error)),
    tables = list(confusion_matrix.json = if (model$type == "classification") {
      confusion_frame(model$confusion[, model$classes])
    }),
    importance = if (is.matrix(importance)) importance[, ncol(importance)]
  )
}

# The true classes as first column, one more column for each that was predicted.
confusion_frame <- function(confusion) {
  if (is.null(confusion)) return(NULL)
  counts <- as.data.frame.matrix(confusion)
  cbind(truth = rownames(counts), counts)
}

#' @export
training_record.xgb.Booster <- function(model) {
  # Attributes since xgboost 2.1, fields of a list before.
  part <- function(name) attr(model, name) %||% (if (is.list(model)) model[[name]])
  log <- as.data.frame(part("evaluation_log"))
  series <- setdiff(names(log), "iter")
  list(
    params = part("params"),
    history = do.call(rbind, lapply(series, function(name) {
      data.frame(key = sub("_", "-", name, fixed = TRUE), value = log[[name]], step = log$iter - 1)
    }))
  )
}

# Frameworks ---------------------------------------------------------------------------------------------

#' @export
training_record.train <- function(model) {
  best <- utils::head(ranked_candidates(model), 1)
  measures <- unlist(best[setdiff(names(best), names(model$bestTune))])
  control <- model$control
  list(
    params = c(
      list(
        formula = own_formula(model), method = model$method, metric = model$metric,
        resampling = control$method, number = control$number,
        repeats = if (length(control$repeats) == 1 && !is.na(control$repeats)) control$repeats,
        preprocess = setdiff(names(model$preProcess$method), "ignore")
      ),
      stats::setNames(as.list(model$bestTune), paste0("best_", names(model$bestTune)))
    ),
    metrics = c(best_cv_score = best[[model$metric]], measures),
    tables = list(cv_results.csv = model$results, resamples.csv = model$resample)
  )
}

# Measures -----------------------------------------------------------------------------------------------

own_formula <- function(model) {
  # Not every object that is a model has one.
  formula <- tryCatch(stats::formula(model), error = function(cnd) NULL)
  if (rlang::is_formula(formula)) formula
}

# Of models that keep nothing but the call: the formula, where it is spelt out there.
called_formula <- function(model) {
  spelt <- Filter(function(part) is.call(part) && identical(part[[1]], quote(`~`)), as.list(model$call))
  if (length(spelt) > 0) stats::as.formula(spelt[[1]], env = globalenv())
}

likelihood_measures <- function(model) {
  # Not every model has a likelihood.
  tryCatch(
    c(llf = as.numeric(stats::logLik(model)), aic = stats::AIC(model), bic = stats::BIC(model)),
    error = function(cnd) NULL
  )
}

# Under the names that Python's autologging gives them.
error_measures <- function(residual, truth = NULL) {
  squared <- mean(residual^2)
  c(
    training_mean_squared_error = squared,
    training_root_mean_squared_error = sqrt(squared),
    training_mean_absolute_error = mean(abs(residual)),
    training_r2_score = if (!is.null(truth)) 1 - squared / mean((truth - mean(truth))^2)
  )
}
