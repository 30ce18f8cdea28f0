#' Infer the signature of a model
#'
#' The signature says which columns a model takes and what it returns. A server checks data against it
#' and tells callers what is missing or of the wrong type. Factors keep their levels, dates their class and
#' times their zone, so that the model gets what it was fitted on.
#'
#' @param input Data frame, such as the training data without the target.
#' @param output What the model predicts for it.
#' @param params Named list of the defaults of further arguments that callers may give.
#' @returns An object of class `mlflow_signature`: a list of `inputs`, `outputs`, `params`, `levels`, `types`
#'   and `zones`.
#' @export
#' @examples
#' fit <- lm(Sepal.Width ~ Sepal.Length, iris)
#' mlflow_infer_signature(iris["Sepal.Length"], predict(fit, iris))
mlflow_infer_signature <- function(input, output = NULL, params = NULL) {
  if (!is.data.frame(input) || ncol(input) == 0 || anyDuplicated(names(input))) {
    abort(
      "{.arg input} must be a data frame with columns of different names, not {describe(input)}.",
      "invalid_argument"
    )
  }
  check_named_list(params)
  factors <- Filter(is.factor, as.list(input))
  times <- Filter(function(column) inherits(column, "POSIXct"), as.list(input))
  types <- vapply(as.list(input), r_type, "")
  structure(
    list(
      inputs = table_schema(input),
      outputs = if (!is.null(output)) output_schema(output),
      params = params_schema(params),
      # A level for what is missing, as of addNA(), is not one that is sent.
      levels = lapply(factors, function(column) levels(column)[!is.na(levels(column))]),
      types = as.list(types[types != ""]),
      zones = compact(lapply(times, time_zone))
    ),
    class = "mlflow_signature"
  )
}

#' @export
print.mlflow_signature <- function(x, ...) {
  line <- function(column) {
    type <- if (identical(column$type, "tensor")) column[["tensor-spec"]]$dtype else column$type
    optional <- if (isFALSE(column$required)) ", may be missing" else ""
    paste0("  ", column$name %||% "-", ": ", type, optional)
  }
  show_lines("<mlflow_signature>")
  for (part in c("inputs", "outputs", "params")) {
    if (is.null(x[[part]])) next
    show_lines(part, ":")
    show_lines(vapply(x[[part]], line, ""))
  }
  invisible(x)
}

# What the signature's own types cannot say.
r_type <- function(column) {
  if (is.ordered(column)) {
    "ordered"
  } else if (is.factor(column)) {
    "factor"
  } else if (inherits(column, "Date")) {
    "Date"
  } else if (inherits(column, "POSIXct")) {
    "POSIXct"
  } else {
    ""
  }
}

# In which a model may take the hour of a time: by default that of this session, where it is known.
time_zone <- function(times) {
  zone <- attr(times, "tzone")[1] %||% ""
  if (!nzchar(zone)) zone <- Sys.timezone()
  if (!is.na(zone)) zone
}

# The protocol's type of a vector, or NULL.
schema_type <- function(x) {
  if (is.factor(x)) return("string")
  if (inherits(x, c("Date", "POSIXct"))) return("datetime")
  if (is.object(x) && !inherits(x, "AsIs")) return(NULL)
  switch(typeof(x),
    double = "double",
    integer = "integer",
    logical = "boolean",
    character = "string"
  )
}

table_schema <- function(table, call = rlang::caller_env()) {
  unname(Map(function(name, column) {
    type <- schema_type(column)
    if (is.null(type) || length(dim(column)) > 1) {
      abort_column(name, column, "has no type in a signature", call)
    }
    list(type = type, name = as_utf8(name), required = !anyNA(column))
  }, names(table), as.list(table)))
}

# NULL for results that a signature cannot describe, such as lists.
output_schema <- function(output) {
  if (is.data.frame(output)) {
    describable <- !vapply(output, function(column) is.null(schema_type(column)), NA)
    return(if (ncol(output) > 0 && all(describable)) table_schema(output))
  }
  if (length(dim(output)) == 2 && ncol(output) > 1) {
    if (!is.null(colnames(output))) return(table_schema(as.data.frame(output)))
    if (!is.numeric(output)) return(NULL)
    tensor <- list(dtype = "float64", shape = list(-1, ncol(output)))
    return(list(list(type = "tensor", `tensor-spec` = tensor)))
  }
  type <- schema_type(if (is.array(output)) as.vector(output) else output)
  if (!is.null(type)) list(list(type = type, required = TRUE))
}

params_schema <- function(params, call = rlang::caller_env()) {
  if (length(params) == 0) return(NULL)
  unname(Map(function(name, default) param_schema(name, default, call), names(params), params))
}

#' The params that callers may give a crate
#'
#' Those of its arguments, but for the first, whose default is known without data. An argument with
#' another default can still be given a param of its own, with [mlflow_infer_signature()].
#' @noRd
crate_params <- function(crate) {
  defaults <- Filter(Negate(rlang::is_missing), formals(unclass(crate))[-1])
  values <- lapply(defaults, function(default) {
    value <- tryCatch(eval(default, environment(crate)), error = function(cnd) NULL)
    if (is.character(value) && length(value) > 1) value[[1]] else value
  })
  usable <- vapply(values, function(x) !is.null(schema_type(x)) && length(x) > 0 && !anyNA(x), NA)
  params_schema(values[usable])
}

param_schema <- function(name, default, call = rlang::caller_env()) {
  type <- schema_type(default)
  if (is.null(type) || length(default) == 0 || anyNA(default)) {
    abort("The param `{name}` needs a default: numbers, texts or logicals.", "invalid_argument",
      call = call
    )
  }
  if (is.factor(default) || inherits(default, "Date")) default <- as.character(default)
  if (inherits(default, "POSIXct")) default <- iso_time(default)
  several <- length(default) > 1
  list(
    name = name, type = type,
    default = if (several) as.list(default) else default,
    shape = if (several) list(-1)
  )
}

# As MLmodel has it: three JSON texts.
signature_fields <- function(signature) {
  parts <- compact(unclass(signature))
  lapply(parts[intersect(c("inputs", "outputs", "params"), names(parts))], json_value)
}
