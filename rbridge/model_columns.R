# Which columns a crate's model was fitted on, told by the model itself: for crates that say nothing of
# their columns, and for texts, whose levels no signature has. Only where the crate hands its data to
# predict() as they are; a crate that computes something before takes other columns than its model.

# list(names, exact, names of the columns with levels, their classes, their levels); NULL if unknown.
# Where `exact`, the model takes the columns by position and no others.
crate_columns <- function(crate) {
  tryCatch(
    {
      models <- models_asked(crate)
      if (length(models) == 1L) fitted_columns(models[[1L]])
    },
    error = function(condition) NULL
  )
}

# The models that predict() is called with, each beside the crate's own first argument; none at all if
# the data are used in any other way.
models_asked <- function(crate) {
  arguments <- names(formals(crate))
  data <- if (identical(arguments[[1L]], "...")) intersect(c(".x", "."), arguments) else arguments[[1L]]
  names <- character()
  other <- FALSE
  walk <- function(code) {
    if (is.name(code)) {
      other <<- other || as.character(code) %in% data
    } else if (is.call(code)) {
      parts <- as.list(code)
      if (is_predict(parts[[1L]]) && length(parts) > 2L && is.name(parts[[2L]]) && hands_on(parts[[3L]], data)) {
        names <<- c(names, as.character(parts[[2L]]))
        parts <- parts[-(1:3)]
      }
      for (part in parts) if (!identical(part, quote(expr = ))) walk(part)
    }
  }
  walk(body(crate))
  if (other) {
    return(list())
  }
  mget(unique(names), envir = environment(crate), mode = "list", ifnotfound = list(NULL))
}

is_predict <- function(code) {
  if (is.call(code) && as.character(code[[1L]]) %in% c("::", ":::")) {
    code <- code[[3L]]
  }
  is.name(code) && grepl("^predict\\b", as.character(code))
}

# Whether code is the data, or the data as a matrix or data frame.
hands_on <- function(code, data) {
  if (is.name(code)) {
    return(as.character(code) %in% data)
  }
  if (!is.call(code) || length(code) != 2L) {
    return(FALSE)
  }
  called <- as.character(code[[1L]])
  called[length(called)] %in% c("as.matrix", "data.matrix", "as.data.frame") && hands_on(code[[2L]], data)
}

fitted_columns <- function(model) {
  if (inherits(model, "model_fit")) {
    return(columns_of_parsnip(model))
  }
  # By the first class: models of further ones are another method's to predict.
  switch(class(model)[[1L]],
    lm = ,
    glm = ,
    randomForest.formula = columns_of_terms(model$terms, if (inherits(model, "randomForest")) {
      Filter(is.character, model$forest$xlevels)
    } else {
      model$xlevels
    }),
    rpart = columns_of_terms(model$terms, attr(model, "xlevels")),
    randomForest = columns_of_levels(names(model$forest$xlevels), Filter(is.character, model$forest$xlevels)),
    ranger = columns_of_ranger(model$forest),
    elnet = ,
    fishnet = ,
    lognet = exact_columns(rownames(model$beta)),
    cv.glmnet = exact_columns(rownames(model$glmnet.fit$beta)),
    train = columns_of_train(model),
    workflow = columns_of_frame(model$pre$mold$blueprint$ptypes$predictors)
  )
}

# By the formula. Variables that are parts of something else, as in y ~ x$a, are no columns.
columns_of_terms <- function(terms, levels) {
  variables <- attr(stats::delete.response(terms), "variables")
  parts <- all.names(variables)
  if (any(c("$", "[[", "@") %in% parts)) {
    return(NULL)
  }
  names <- all.vars(variables)
  # A constant of the script that made the model, as the degree in poly(x, degree).
  home <- environment(terms)
  constant <- vapply(names, function(name) {
    value <- if (is.environment(home)) get0(name, home, mode = "numeric")
    length(value) == 1L
  }, NA)
  columns_of_levels(names[!constant], levels, attr(terms, "dataClasses"))
}

# A forest that ranger grew on the numbers of factors keeps none of their levels.
columns_of_ranger <- function(forest) {
  names <- forest$independent.variable.names
  levels <- forest$covariate.levels
  if (is.null(levels)) {
    nothing <- rep(list(character()), length(names))
    names(nothing) <- names
    return(columns_of_levels(names, nothing, vapply(nothing, function(x) "numeric", "")))
  }
  columns_of_levels(names, levels[lengths(levels) > 0L])
}

columns_of_train <- function(model) {
  if (!is.null(model$terms)) {
    return(columns_of_terms(model$terms, model$xlevels))
  }
  if (!is.null(model$recipe)) {
    return(NULL)
  }
  columns_of_frame(model$trainingData[setdiff(names(model$trainingData), ".outcome")])
}

columns_of_parsnip <- function(model) {
  if (!is.null(model$preproc$terms)) {
    return(columns_of_terms(model$preproc$terms, model$preproc$xlevels))
  }
  columns_of_levels(model$preproc$x_names, NULL)
}

columns_of_frame <- function(frame) {
  factors <- Filter(is.factor, as.list(frame))
  classes <- vapply(factors, function(x) class(x)[[1L]], "")
  columns_of_levels(names(frame), lapply(factors, levels), classes)
}

exact_columns <- function(names) {
  columns_of_levels(names, NULL, exact = TRUE)
}

# `classes` are those of the columns when the model was fitted, factors where it does not say.
columns_of_levels <- function(names, levels, classes = NULL, exact = FALSE) {
  if (length(names) == 0L) {
    return(NULL)
  }
  levels <- levels[names(levels) %in% names]
  coded <- as.character(names(levels))
  known <- vapply(coded, function(name) if (name %in% names(classes)) classes[[name]] else "factor", "")
  list(
    enc2utf8(names), exact, enc2utf8(coded), known, lapply(levels, function(x) enc2utf8(as.character(x)))
  )
}
