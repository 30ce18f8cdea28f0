# Why a model refused rows: values of its formula's factors that it was not fitted on. A level belongs to a
# term, factor(x) or interaction(x, y), rather than to a column, so only R can tell the value of a row.

# list(list(columns of the term, the term, unknown values, levels), ...) for the models that a crate hands
# its data to.
unseen_levels <- function(crate, data) {
  tryCatch(
    unlist(lapply(unname(models_asked(crate)), unseen_by_model, data), recursive = FALSE),
    error = function(condition) NULL
  )
}

unseen_by_model <- function(model, data) {
  if (inherits(model, "model_fit")) {
    model <- model$preproc
  }
  levels <- levels_of_terms(model)
  if (length(levels) == 0L) {
    return(NULL)
  }
  terms <- stats::delete.response(model$terms)
  variables <- as.list(attr(terms, "variables"))[-1L]
  names(variables) <- vapply(variables, term_label, "")
  known <- intersect(names(levels), names(variables))
  faults <- lapply(known, function(label) {
    code <- variables[[label]]
    values <- tryCatch(as.character(eval(code, data, environment(terms))), error = function(condition) NULL)
    unknown <- setdiff(values, c(levels[[label]], NA))
    if (length(unknown) > 0L) {
      list(intersect(all.vars(code), names(data)), enc2utf8(label), enc2utf8(unknown), enc2utf8(levels[[label]]))
    }
  })
  Filter(Negate(is.null), faults)
}

# By the names that model.frame() gives to variables.
levels_of_terms <- function(model) {
  if (!is.null(model$xlevels)) {
    model$xlevels
  } else if (!is.null(attr(model, "xlevels"))) {
    attr(model, "xlevels")
  } else {
    Filter(is.character, model$forest$xlevels)
  }
}

term_label <- function(code) {
  paste(deparse(code, 500L, backtick = !is.symbol(code) && is.language(code)), collapse = " ")
}
