# Data frames as JSON: the rows of `dataframe_split`, written column by column.

#' Write a data frame
#'
#' @param data Data frame. Factors and dates become texts, times ISO 8601 in UTC; NA becomes null. Doubles
#'   keep all their bits.
#' @returns A text: an object with `columns` and `data`.
#' @noRd
split_json <- function(data, call = rlang::caller_env()) {
  columns <- Map(function(name, column) json_column(name, column, call), names(data), as.list(data))
  rows <- if (length(columns) == 0) rep("", nrow(data)) else do.call(paste, c(unname(columns), sep = ", "))
  paste0(
    "{\"columns\": [", paste(json_texts(names(data)), collapse = ", "), "], ",
    "\"data\": [", paste0("[", rows, "]", recycle0 = TRUE, collapse = ", "), "]}"
  )
}

json_column <- function(name, column, call) {
  # Missing of a factor is also what has a level for that.
  if (is.factor(column)) column <- as.character(column)
  if (inherits(column, "integer64")) require_bit64(call)
  missing <- is.na(column) & !is_nan(column)
  if (inherits(column, "integer64")) {
    tokens <- as.character(column)
  } else if (inherits(column, "Date")) {
    tokens <- json_texts(format(column, "%Y-%m-%d"))
  } else if (inherits(column, "POSIXt")) {
    tokens <- json_texts(iso_time(as.POSIXct(column)))
  } else if (is.object(column) && !inherits(column, "AsIs") || length(dim(column)) > 1) {
    tokens <- NULL
  } else {
    tokens <- switch(typeof(column),
      double = json_doubles(column),
      integer = sprintf("%d", column),
      logical = ifelse(column, "true", "false"),
      character = json_texts(column)
    )
  }
  if (is.null(tokens)) abort_column(name, column, "cannot be written as JSON", call)
  tokens[missing] <- "null"
  tokens
}

abort_column <- function(name, column, problem, call) {
  class <- class(if (inherits(column, "AsIs")) unclass(column) else column)[[1]]
  abort(
    c(
      "The column `{name}` is of class {class}, which {problem}.",
      i = "Use numbers, texts, logicals, factors, Date or POSIXct."
    ),
    "invalid_argument",
    call = call
  )
}

# NaN and the infinities go out as the bare words that scoring servers read.
json_doubles <- function(x) {
  x <- as.double(x)
  finite <- is.finite(x)
  tokens <- character(length(x))
  tokens[finite] <- format_double(x[finite])
  tokens[is.nan(x)] <- "NaN"
  infinite <- is.infinite(x)
  tokens[infinite] <- ifelse(x[infinite] > 0, "Infinity", "-Infinity")
  tokens
}

# To the microsecond, in UTC and without zone: what every scoring server reads as UTC.
iso_time <- function(x) {
  seconds <- floor(as.numeric(x))
  micros <- round((as.numeric(x) - seconds) * 1e6)
  seconds <- seconds + (micros == 1e6)
  micros[which(micros == 1e6)] <- 0
  text <- format(.POSIXct(seconds, tz = "UTC"), "%Y-%m-%dT%H:%M:%S")
  fraction <- sub("0+$", "", sprintf(".%06.0f", micros))
  paste0(text, ifelse(fraction == ".", "", fraction))
}

# Replace words of a JSON text, but not within its strings, which are skipped as a whole.
replace_bare_words <- function(text, words, by) {
  gsub(paste0("\"(?:[^\"\\\\]++|\\\\.)*+\"(*SKIP)(*F)|", words), by, text, perl = TRUE)
}
