# Checks of arguments. Each returns its value, made plain, so that it can be used in passing. What changes its
# `x` forces `arg` first, which is the code of the argument as long as that stands as it was given.

check_string <- function(x, null = FALSE, empty = FALSE, arg = rlang::caller_arg(x),
                         call = rlang::caller_env()) {
  if (is.null(x) && null) return(NULL)
  if (!is.character(x) || length(x) != 1 || is.na(x) || !(empty || nzchar(x))) {
    abort(
      "{.arg {arg}} must be one {if (empty) '' else 'non-empty '}text, not {describe(x)}.",
      "invalid_argument",
      call = call
    )
  }
  as_utf8(as.character(x))
}

# Ids are texts on the wire; numbers are taken too, without an exponent.
check_id <- function(x, null = FALSE, arg = rlang::caller_arg(x), call = rlang::caller_env()) {
  if (is.null(x) && null) return(NULL)
  if (is.numeric(x) && length(x) == 1 && is.finite(x) && x >= 0 && x == trunc(x)) {
    return(sprintf("%.0f", x))
  }
  check_string(x, arg = arg, call = call)
}

check_number <- function(x, null = FALSE, arg = rlang::caller_arg(x), call = rlang::caller_env()) {
  if (is.null(x) && null) return(NULL)
  if (inherits(x, "integer64")) require_bit64(call)
  if (!is.numeric(x) || length(x) != 1 || (is.na(x) && !is.nan(x))) {
    abort("{.arg {arg}} must be one number, not {describe(x)}.", "invalid_argument", call = call)
  }
  as.numeric(x)
}

# Without their methods, 64-bit integers pass for doubles of other values.
require_bit64 <- function(call) {
  if (!requireNamespace("bit64", quietly = TRUE)) {
    abort_missing_packages("bit64", "Integers of 64 bits need", call)
  }
}

check_flag <- function(x, arg = rlang::caller_arg(x), call = rlang::caller_env()) {
  if (!is.logical(x) || length(x) != 1 || is.na(x)) {
    abort("{.arg {arg}} must be TRUE or FALSE, not {describe(x)}.", "invalid_argument", call = call)
  }
  x
}

#' Choose one of the values that are an argument's default
#'
#' As [match.arg()] does, by the beginning of a value too; the first where none is given.
#' @noRd
check_choice <- function(x, arg = rlang::caller_arg(x), call = rlang::caller_env()) {
  choices <- eval(formals(rlang::frame_fn(call))[[arg]], call)
  if (identical(x, choices)) return(choices[[1]])
  at <- if (rlang::is_string(x)) pmatch(x, choices)
  if (length(at) == 0 || is.na(at)) {
    abort("{.arg {arg}} must be one of {.val {choices}}, not {describe(x)}.", "invalid_argument", call = call)
  }
  choices[[at]]
}

# For functions whose `...` leaves room for later arguments.
check_no_more <- function(..., call = rlang::caller_env()) {
  if (...length() == 0) return(invisible())
  names <- names(list(...)) %||% rep("", ...length())
  unknown <- ifelse(nzchar(names), paste0("`", names, "`"), "one without a name")
  name <- rlang::call_name(rlang::frame_call(call))
  abort(
    c("There is no such argument: {unknown}.", i = if (!is.null(name)) "See {.code ?{name}}."),
    "invalid_argument",
    call = call
  )
}

check_data_frame <- function(x, arg = rlang::caller_arg(x), call = rlang::caller_env()) {
  if (!is.data.frame(x)) {
    abort("{.arg {arg}} must be a data frame, not {describe(x)}.", "invalid_argument", call = call)
  }
  x
}

check_named_list <- function(x, arg = rlang::caller_arg(x), call = rlang::caller_env()) {
  if (length(x) > 0 && !(is.list(x) && rlang::is_named(x))) {
    abort("{.arg {arg}} must be a named list, not {describe(x)}.", "invalid_argument", call = call)
  }
  x
}

check_signature <- function(x, arg = rlang::caller_arg(x), call = rlang::caller_env()) {
  if (!inherits(x, "mlflow_signature")) {
    abort("{.arg {arg}} must come from {.fn mlflow_infer_signature}, not be {describe(x)}.",
      "invalid_argument",
      call = call
    )
  }
  x
}

check_texts <- function(x, arg = rlang::caller_arg(x), call = rlang::caller_env()) {
  force(arg)
  x <- unlist(x)
  if (!is.null(x) && (!is.character(x) || anyNA(x))) {
    abort("{.arg {arg}} must hold texts only, not {describe(x)}.", "invalid_argument", call = call)
  }
  as.list(as_utf8(as.character(x)))
}

#' Turn tags, in any of the forms people use, into what the protocol wants
#'
#' @param x Named list or vector, or list of `list(key =, value =)`.
#' @returns List of `list(key =, value =)`, or NULL.
#' @noRd
check_tags <- function(x, arg = rlang::caller_arg(x), call = rlang::caller_env()) {
  force(arg)
  if (length(x) == 0) return(NULL)
  if (is.null(names(x)) && is.list(x)) {
    pairs <- vapply(x, function(tag) is.list(tag) && setequal(names(tag), c("key", "value")), NA)
    if (all(pairs)) x <- stats::setNames(lapply(x, `[[`, "value"), vapply(x, `[[`, "", "key"))
  }
  if (is.list(x)) x[] <- lapply(x, formula_text)
  if (!rlang::is_named(x)) {
    abort(
      c("{.arg {arg}} must give one value per key.", i = "Write {.code list(key = \"value\")}."),
      "invalid_argument",
      call = call
    )
  }
  wrong <- which(lengths(x) != 1 | !vapply(x, is.atomic, NA))
  if (length(wrong) > 0) {
    key <- names(x)[[wrong[[1]]]]
    value <- x[[wrong[[1]]]]
    abort("{.arg {arg}} must give one value per key; `{key}` is {describe(value)}.", "invalid_argument",
      call = call
    )
  }
  unname(Map(function(key, value) list(key = as_utf8(key), value = as_text(value)), names(x), x))
}

# Milliseconds since 1970, from those or from a time.
as_ms <- function(x, arg = rlang::caller_arg(x), call = rlang::caller_env()) {
  force(arg)
  if (is.null(x)) return(NULL)
  if (inherits(x, "POSIXt")) x <- as.numeric(as.POSIXct(x)) * 1000
  round(check_number(x, arg = arg, call = call))
}

# The value of a param or tag, as text.
check_value <- function(x, arg = rlang::caller_arg(x), call = rlang::caller_env()) {
  force(arg)
  x <- formula_text(x)
  if (!is.atomic(x) || length(x) != 1) {
    abort("{.arg {arg}} must be one value, not {describe(x)}.", "invalid_argument", call = call)
  }
  as_text(x)
}

#' The text that a param or tag is stored as
#'
#' Numbers keep all their digits, and whole ones have no exponent; a missing value is `"NA"`.
#' @noRd
as_text <- function(x) {
  if (is.numeric(x) && !is.object(x) && is.finite(x)) {
    if (x == trunc(x) && abs(x) < 1e15) return(sprintf("%.0f", x))
    return(sub("\\.0$", "", format_double(x)))
  }
  if (inherits(x, "integer64")) require_bit64(NULL)
  x <- as.character(x)
  if (is.na(x)) "NA" else as_utf8(x)
}

# A formula as its code; anything else as it is.
formula_text <- function(x) {
  if (rlang::is_formula(x)) paste(deparse(x, width.cutoff = 500L), collapse = " ") else x
}

describe <- function(x) {
  if (is.null(x)) return("NULL")
  if (is.factor(x) && length(x) == 1) x <- as.character(x)
  if (is.character(x) && length(x) == 1) return(if (is.na(x)) "NA" else encodeString(x, quote = "\""))
  if (is.atomic(x) && length(x) == 1) return(format(x))
  paste0("an object of class ", class(x)[[1]], " and length ", length(x))
}

compact <- function(x) {
  x[!vapply(x, is.null, NA)]
}
