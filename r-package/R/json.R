# JSON both ways. jsonlite does the syntax; what it prints by default loses digits of a double and
# writes round integers with an exponent, so numbers are written here.

#' Write a request body
#'
#' @param x Named list. Numbers become JSON numbers (NaN and the infinities texts, as the protocol has
#'   it), logicals booleans, texts strings, unnamed lists arrays.
#' @returns A UTF-8 text.
#' @noRd
to_json <- function(x) {
  ready <- rapply(x, json_numbers, classes = c("numeric", "integer"), how = "replace")
  ready <- rapply(ready, as_utf8, classes = "character", how = "replace")
  if (length(ready) == 0) return("{}")
  text <- jsonlite::toJSON(ready, auto_unbox = TRUE, json_verbatim = TRUE, null = "null")
  as_utf8(as.character(text))
}

json_numbers <- function(x) {
  tokens <- rep("null", length(x))
  finite <- is.finite(x)
  tokens[finite] <- format_whole(x[finite])
  tokens[is.nan(x)] <- "\"NaN\""
  tokens[x %in% Inf] <- "\"Infinity\""
  tokens[x %in% -Inf] <- "\"-Infinity\""
  if (length(x) != 1) tokens <- paste0("[", paste(tokens, collapse = ", "), "]")
  structure(tokens, class = "json")
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
  inexact <- read_doubles(text) != x
  text[inexact] <- sprintf("%.17g", x[inexact])
  bare <- !grepl("[.e]", text)
  text[bare] <- paste0(text[bare], ".0")
  text
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
