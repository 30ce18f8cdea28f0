# Checks of arguments. Each returns its value, made plain, so that it can be used in passing.

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
  if (!is.numeric(x) || length(x) != 1 || (is.na(x) && !is.nan(x))) {
    abort("{.arg {arg}} must be one number, not {describe(x)}.", "invalid_argument", call = call)
  }
  as.numeric(x)
}

check_flag <- function(x, arg = rlang::caller_arg(x), call = rlang::caller_env()) {
  if (!is.logical(x) || length(x) != 1 || is.na(x)) {
    abort("{.arg {arg}} must be TRUE or FALSE, not {describe(x)}.", "invalid_argument", call = call)
  }
  x
}

check_texts <- function(x, arg = rlang::caller_arg(x), call = rlang::caller_env()) {
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
  if (length(x) == 0) return(NULL)
  if (is.null(names(x)) && is.list(x)) {
    pairs <- vapply(x, function(tag) is.list(tag) && setequal(names(tag), c("key", "value")), NA)
    if (all(pairs)) x <- stats::setNames(lapply(x, `[[`, "value"), vapply(x, `[[`, "", "key"))
  }
  scalar <- lengths(x) == 1 & vapply(x, is.atomic, NA)
  if (!rlang::is_named(x) || !all(scalar)) {
    abort(
      c(
        "{.arg {arg}} must give one value per key.",
        i = "Write {.code list(key = \"value\")}."
      ),
      "invalid_argument",
      call = call
    )
  }
  unname(Map(function(key, value) list(key = as_utf8(key), value = as_text(value)), names(x), x))
}

# The value of a param or tag, as text.
check_value <- function(x, arg = rlang::caller_arg(x), call = rlang::caller_env()) {
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
  x <- as.character(x)
  if (is.na(x)) "NA" else as_utf8(x)
}

describe <- function(x) {
  if (is.null(x)) return("NULL")
  if (is.character(x) && length(x) == 1) return(if (is.na(x)) "NA" else encodeString(x, quote = "\""))
  if (is.atomic(x) && length(x) == 1) return(format(x))
  paste0("an object of class ", class(x)[[1]], " and length ", length(x))
}

compact <- function(x) {
  x[!vapply(x, is.null, NA)]
}
