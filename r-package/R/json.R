# JSON both ways. jsonlite reads it; what it prints by default loses digits of a double and writes round
# integers with an exponent, and takes longer for a small request than sending it: that is written here.

#' Write a request body
#'
#' @param x Named list. Numbers become JSON numbers (NaN and the infinities texts, as the protocol has
#'   it), logicals booleans, texts strings, unnamed lists arrays; a vector of one value is that value.
#' @returns A UTF-8 text.
#' @noRd
to_json <- function(x) {
  if (length(x) == 0) "{}" else json_value(x)
}

json_value <- function(x) {
  if (is.null(x)) return("null")
  if (inherits(x, "json")) return(as.character(x))
  if (is.list(x) && !is.object(x)) return(json_list(x))
  tokens <- if (!is.object(x) && is.null(dim(x))) {
    switch(typeof(x),
      double = ,
      integer = json_numbers(x),
      logical = tolower(x),
      character = json_texts(x)
    )
  }
  # Factors, dates, tables and the like.
  if (is.null(tokens)) return(as_utf8(as.character(jsonlite::toJSON(x, auto_unbox = TRUE, digits = I(15)))))
  if (!is.numeric(x) && anyNA(x)) tokens[is.na(x)] <- "null"
  if (length(tokens) == 1) tokens else paste0("[", paste(tokens, collapse = ", "), "]")
}

json_list <- function(x) {
  values <- vapply(x, json_value, "")
  keys <- names(x)
  if (is.null(keys)) return(paste0("[", paste(values, collapse = ","), "]"))
  unnamed <- !nzchar(keys)
  keys[unnamed] <- which(unnamed)
  if (anyDuplicated(keys)) keys <- make.unique(keys)
  paste0("{", paste0(json_texts(keys), ":", values, recycle0 = TRUE, collapse = ","), "}")
}

json_numbers <- function(x) {
  if (length(x) == 1 && is.finite(x)) return(format_whole(x))
  tokens <- rep("null", length(x))
  finite <- is.finite(x)
  tokens[finite] <- format_whole(x[finite])
  tokens[is.nan(x)] <- "\"NaN\""
  tokens[x %in% Inf] <- "\"Infinity\""
  tokens[x %in% -Inf] <- "\"-Infinity\""
  tokens
}

#' Write texts as JSON strings
#'
#' @param x Texts; what becomes of those that are NA is the caller's to say.
#' @noRd
json_texts <- function(x) {
  x <- as_utf8(x)
  special <- grepl("[\\x01-\\x1f\"\\\\]", x, perl = TRUE, useBytes = TRUE)
  tokens <- paste0("\"", x, "\"", recycle0 = TRUE)
  if (any(special)) {
    distinct <- unique(x[special])
    quoted <- vapply(distinct, function(text) as.character(jsonlite::toJSON(text, auto_unbox = TRUE)), "")
    tokens[special] <- as_utf8(unname(quoted)[match(x[special], distinct)])
  }
  tokens
}

# Whole numbers plainly, others with all their digits.
format_whole <- function(x) {
  whole <- x == trunc(x) & abs(x) < 1e15
  ifelse(whole, sprintf("%.0f", x), format_double(x))
}

#' Write doubles so that they read back to the same bits
#'
#' @param x Finite numbers.
#' @returns Texts with a point or an exponent; 15 significant digits where they are enough, else 17.
#' @noRd
format_double <- function(x) {
  text <- sprintf("%.15g", x)
  inexact <- !is_short_decimal(x)
  if (any(inexact)) inexact[inexact] <- read_doubles(text[inexact]) != x[inexact]
  text[inexact] <- sprintf("%.17g", x[inexact])
  bare <- !grepl("[.e]", text)
  text[bare] <- paste0(text[bare], ".0")
  text
}

exact_powers_of_ten <- cumprod(c(1, rep(10, 22)))

#' Whether numbers are those that decimals of up to 15 digits stand for
#'
#' By arithmetic that rounds once: of a whole number and a power of ten that are exact themselves
#' (W. D. Clinger, How to read floating point numbers accurately, 1990). FALSE where that cannot tell.
#' @noRd
is_short_decimal <- function(x) {
  decimals <- 14 - floor(log10(abs(x)))
  decimals[decimals > 22] <- 22
  decimals[decimals < 0] <- 0
  power <- exact_powers_of_ten[decimals + 1]
  whole <- round(x * power)
  abs(whole) <= 1e15 & whole / power == x
}

#' Read finite numbers exactly
#'
#' Through the C library: R's own reader, behind `as.numeric()`, is off by one unit in the last place
#' for about one shortest text in ten thousand.
#' @noRd
read_doubles <- function(text) {
  if (length(text) == 0) return(double())
  as.numeric(jsonlite::fromJSON(paste0("[", paste(text, collapse = ","), "]")))
}

#' Read a JSON text into lists
#' @noRd
from_json <- function(text) {
  jsonlite::fromJSON(text, simplifyVector = FALSE)
}

# A number as servers send it: NaN and the infinities come as texts.
as_number <- function(x) {
  if (is.null(x)) return(NA_real_)
  if (is.character(x)) x <- sub("Infinity", "Inf", x, fixed = TRUE)
  as.numeric(x)
}

#' Mark texts as UTF-8
#'
#' In a C locale R leaves UTF-8 bytes unmarked and would escape them as `<c3><a9>`.
#' @noRd
as_utf8 <- function(x) {
  unmarked <- Encoding(x) == "unknown" & !is.na(x)
  unmarked[unmarked] <- validUTF8(x[unmarked]) & !(l10n_info()$`Latin-1`)
  if (any(unmarked)) Encoding(x)[unmarked] <- "UTF-8"
  enc2utf8(x)
}

# The same for all texts and names in a list.
as_utf8_list <- function(x) {
  if (!is.null(names(x))) names(x) <- as_utf8(names(x))
  if (is.character(x)) x[] <- as_utf8(x)
  if (is.list(x)) x[] <- lapply(x, as_utf8_list)
  x
}

# A name as the bytes that the file system has: in a C locale R would write `<U+00E9>` for an e acute.
as_native_path <- function(x) {
  if (!l10n_info()$`UTF-8` && .Platform$OS.type == "unix") Encoding(x) <- "unknown"
  x
}

write_utf8 <- function(text, path) {
  con <- file(path, "wb")
  on.exit(close(con))
  writeBin(charToRaw(paste0(as_utf8(text), collapse = "\n")), con)
  invisible(path)
}

read_utf8 <- function(path) {
  text_of_bytes(readBin(path, "raw", file.size(path)))
}

# What comes as bytes is UTF-8 in any locale.
text_of_bytes <- function(bytes) {
  text <- rawToChar(bytes)
  Encoding(text) <- "UTF-8"
  text
}
