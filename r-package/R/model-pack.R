# Models that are not crates: each family says how it predicts and what it need not take along.

#' Pack a fitted model into a crate
#'
#' @param model A fitted model, or a function.
#' @param type What to predict, see `mlflow_save_model()`; NULL for what the family predicts by itself.
#' @returns A crate. Its object is called `model`.
#' @noRd
pack <- function(model, type, call) UseMethod("pack")

#' @export
pack.default <- function(model, type, call) {
  abort(
    c(
      "There is no applicable method to pack an object of class {.cls {class(model)[[1]]}} as a model.",
      i = "Pack it: {.code crate(function(x) stats::predict(model, x), model = model)}."
    ),
    "flavor_unknown",
    call = call
  )
}

# The type asked for, in the family's own word; `types` are those words by the names that all families
# share, the default first.
pack_type <- function(type, types, call) {
  if (is.null(type)) return(types[[1]])
  check_string(type, arg = "type", call = call)
  if (type %in% names(types)) return(types[[type]])
  if (type %in% types) return(type)
  abort("{.arg type} must be one of {.val {names(types)}} for this model, not {.val {type}}.",
    "invalid_argument",
    call = call
  )
}

# Where a family predicts in one way only.
pack_response <- function(model, type, call) {
  pack_type(type, c(response = "response"), call)
  crate(function(x) stats::predict(model, x), model = model)
}

# Base R ---------------------------------------------------------------------------------------------

#' @export
pack.lm <- pack_response
#' @export
pack.nls <- pack_response
#' @export
pack.loess <- pack_response

#' @export
pack.glm <- function(model, type, call) {
  type <- pack_type(type, c(response = "response", prob_of(model), link = "link"), call)
  crate(function(x) stats::predict(model, x, type = !!type), model = model)
}

# The response of a model of yes and no is a probability.
prob_of <- function(model) {
  if (model$family$family %in% c("binomial", "quasibinomial")) c(prob = "response")
}

#' @export
pack.gam <- function(model, type, call) {
  types <- c(response = "response", prob_of(model), link = "link", terms = "terms")
  type <- pack_type(type, types, call)
  crate(function(x) mgcv::predict.gam(model, x, type = !!type), model = model)
}

#' @export
pack.merMod <- function(model, type, call) {
  type <- pack_type(type, c(response = "response", link = "link"), call)
  crate(function(x) stats::predict(model, x, type = !!type), model = model)
}

# Against the mean of all data: within strata the training data would be needed.
#' @export
pack.coxph <- function(model, type, call) {
  type <- pack_type(type, c(lp = "lp", risk = "risk"), call)
  crate(function(x) stats::predict(model, x, type = !!type, reference = "sample"), model = model)
}

# Trees and forests ----------------------------------------------------------------------------------

#' @export
pack.rpart <- function(model, type, call) {
  types <- if (model$method == "class") c(class = "class", prob = "prob") else c(response = "vector")
  type <- pack_type(type, types, call)
  crate(function(x) stats::predict(model, x, type = !!type), model = model)
}

#' @export
pack.ranger <- function(model, type, call) {
  types <- switch(model$treetype,
    Classification = c(class = "class"),
    `Probability estimation` = c(prob = "prob", class = "class"),
    c(response = "response")
  )
  type <- pack_type(type, types, call)
  if (model$treetype == "Survival") {
    return(crate(function(x) stats::predict(model, x)$survival, model = model))
  }
  if (model$treetype == "Probability estimation" && type == "class") {
    return(crate(function(x) {
      p <- stats::predict(model, x)$predictions
      colnames(p)[max.col(p, ties.method = "first")]
    }, model = model))
  }
  # Trees that tie are told apart by random numbers: by the same ones each time.
  crate(function(x) stats::predict(model, x, seed = 1)$predictions, model = model)
}

#' @export
pack.randomForest <- function(model, type, call) {
  classifies <- model$type == "classification"
  types <- if (classifies) c(class = "response", prob = "prob") else c(response = "response")
  type <- pack_type(type, types, call)
  crate(function(x) {
    p <- stats::predict(model, x, type = !!type)
    if (is.matrix(p)) unclass(p) else p
  }, model = model)
}

# Boosters keep their trees outside R's memory: they go along as bytes and are read back on each call.
#' @export
pack.xgb.Booster <- function(model, type, call) {
  pack_type(type, c(response = "response"), call)
  features <- xgboost_features(model)
  crate(function(x) {
    if (!is.null(features)) x <- x[features]
    stats::predict(xgboost::xgb.load.raw(model), data.matrix(x))
  }, model = xgboost::xgb.save.raw(model), features = features)
}

# What xgboost() returns since version 3 knows its classes, and how factors are encoded, besides.
#' @export
pack.xgboost <- function(model, type, call) {
  classifies <- !is.null(attr(model, "metadata")$y_levels)
  types <- if (classifies) c(class = "class", prob = "response") else c(response = "response")
  type <- pack_type(type, types, call)
  features <- xgboost_features(model)
  crate(function(x) {
    # It has the method for predict().
    loadNamespace("xgboost")
    p <- stats::predict(unserialize(model), x[features], type = !!type)
    if (is.factor(p)) as.character(p) else p
  }, model = serialize(model, NULL), features = features)
}

# A field of the model before xgboost 2.1, behind a method since.
xgboost_features <- function(model) {
  model$feature_names %||% stats::variable.names(model)
}

#' @export
pack.lgb.Booster <- function(model, type, call) {
  pack_type(type, c(response = "response"), call)
  crate(function(x) {
    stats::predict(lightgbm::lgb.load(model_str = model), data.matrix(x))
  }, model = model$save_model_to_string(NULL))
}

# Other methods --------------------------------------------------------------------------------------

# At the penalty that cross-validation chose, or, without it, at the smallest of the path.
#' @export
pack.glmnet <- function(model, type, call) {
  pack_glmnet(model, type, min(model$lambda), model, call)
}

#' @export
pack.cv.glmnet <- function(model, type, call) {
  pack_glmnet(model$glmnet.fit, type, model$lambda.1se, model, call)
}

pack_glmnet <- function(fit, type, penalty, model, call) {
  classifies <- inherits(fit, c("lognet", "multnet"))
  types <- if (classifies) c(prob = "response", class = "class") else c(response = "response")
  type <- pack_type(type, c(types, link = "link"), call)
  columns <- glmnet_columns(fit)
  crate(function(x, s = penalty) {
    p <- stats::predict(model, data.matrix(x[columns]), s = s, type = !!type)
    if (length(dim(p)) == 3) p[, , 1] else if (ncol(p) == 1) as.vector(p) else p
  }, model = model, columns = columns, penalty = penalty)
}

glmnet_columns <- function(fit) {
  rownames(if (is.list(fit$beta)) fit$beta[[1]] else fit$beta)
}

#' @export
pack.svm <- function(model, type, call) {
  classifies <- !is.null(model$levels)
  types <- if (!classifies) c(response = "response") else c(class = "class", prob = "prob")
  if (pack_type(type, types, call) != "prob") {
    return(crate(function(x) stats::predict(model, x), model = model))
  }
  if (!model$compprob) {
    abort(
      c(
        "This model has no probabilities.",
        i = "Fit it with {.code svm(..., probability = TRUE)}."
      ),
      "invalid_argument",
      call = call
    )
  }
  crate(function(x) attr(stats::predict(model, x, probability = TRUE), "probabilities"), model = model)
}

#' @export
pack.nnet <- function(model, type, call) {
  types <- if (is.null(model$lev)) c(response = "raw") else c(class = "class", prob = "raw")
  type <- pack_type(type, types, call)
  crate(function(x) {
    p <- stats::predict(model, x, type = !!type)
    if (is.matrix(p) && ncol(p) == 1) as.vector(p) else p
  }, model = model)
}

#' @export
pack.multinom <- function(model, type, call) {
  type <- pack_type(type, c(class = "class", prob = "probs"), call)
  # For one row, or two classes, it drops the dimensions.
  if (type == "class") return(crate(function(x) stats::predict(model, x, type = "class"), model = model))
  crate(function(x) {
    p <- stats::predict(model, x, type = "probs")
    if (length(model$lev) == 2) {
      p <- cbind(1 - p, p)
    } else if (!is.matrix(p)) {
      p <- matrix(p, nrow = 1)
    }
    dimnames(p) <- list(NULL, model$lev)
    p
  }, model = model)
}

#' @export
pack.lda <- function(model, type, call) {
  type <- pack_type(type, c(class = "class", prob = "posterior"), call)
  crate(function(x) stats::predict(model, x)[[!!type]], model = model)
}

#' @export
pack.qda <- pack.lda

# Frameworks -----------------------------------------------------------------------------------------

#' @export
pack.train <- function(model, type, call) {
  classifies <- model$modelType == "Classification"
  types <- if (classifies) c(class = "raw", prob = "prob") else c(response = "raw")
  type <- pack_type(type, types, call)
  crate(function(x) stats::predict(model, x, type = !!type), model = model)
}

#' @export
pack.model_fit <- function(model, type, call) {
  pack_parsnip(model, model$spec$mode, type, call)
}

#' @export
pack.workflow <- function(model, type, call) {
  pack_parsnip(model, model$fit$fit$spec$mode, type, call)
}

pack_parsnip <- function(model, mode, type, call) {
  classifies <- identical(mode, "classification")
  types <- if (classifies) c(class = "class", prob = "prob") else c(response = "numeric")
  type <- pack_type(type, types, call)
  crate(function(x) stats::predict(model, x, type = !!type), model = model)
}

# Functions ------------------------------------------------------------------------------------------

#' Pack a plain function with the objects of its script that it uses
#'
#' @noRd
#' @export
pack.function <- function(model, type, call) {
  if (!is.null(type)) {
    abort("A function predicts what it returns: {.arg type} cannot be given.", "invalid_argument",
      call = call
    )
  }
  if (is.primitive(model) || length(formals(model)) == 0) {
    abort("A function that is to be a model must take a data frame.", "invalid_argument", call = call)
  }
  env <- new.env(parent = baseenv())
  carry_names(model, env, call)
  attributes(model) <- NULL
  environment(model) <- env
  structure(model, class = "crate")
}

# Put what a function uses of its script, and what that uses in turn, into `env`.
carry_names <- function(fn, env, call) {
  for (name in codetools::findGlobals(fn)) {
    found <- find_own(name, environment(fn))
    if (is.null(found)) next
    value <- found$value
    if (exists(name, envir = env, inherits = FALSE)) {
      if (identical(get(name, envir = env), value, ignore.environment = TRUE)) next
      abort(
        c(
          "The function and its helpers use different objects of the name `{name}`.",
          i = "Pack it with {.fn crate}, which takes objects by name."
        ),
        "unfit_crate",
        call = call
      )
    }
    assign(name, value, envir = env)
    own <- is.function(value) && !is.primitive(value) && !isNamespace(topenv(environment(value)))
    if (own) {
      carry_names(value, env, call)
      environment(value) <- env
      assign(name, rlang::zap_srcref(value), envir = env)
    }
  }
}

# An object of the script, in a list; NULL for those of packages and for what does not exist.
find_own <- function(name, env) {
  while (!identical(env, emptyenv()) && !identical(env, baseenv()) && !isNamespace(env)) {
    if (exists(name, envir = env, inherits = FALSE)) return(list(value = get(name, envir = env)))
    if (identical(env, globalenv())) return(NULL)
    env <- parent.env(env)
  }
  NULL
}
