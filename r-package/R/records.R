# What servers send as lists of records, as the columns of tibbles. A field that a record has not is NA.

text_column <- function(records, field) {
  vapply(records, function(x) x[[field]] %||% NA_character_, "")
}

number_column <- function(records, field) {
  vapply(records, function(x) as_number(x[[field]]), 0)
}

# Sent as milliseconds since 1970.
time_column <- function(records, field) {
  .POSIXct(number_column(records, field) / 1000)
}

now_ms <- function() {
  round(as.numeric(Sys.time()) * 1000)
}

# Tags or params as a tibble; without rows when there are none.
pair_table <- function(pairs) {
  tibble::new_tibble(
    list(
      key = text_column(pairs, "key"),
      value = vapply(pairs, function(x) x$value %||% "", "")
    ),
    nrow = length(pairs)
  )
}

metric_table <- function(metrics) {
  tibble::new_tibble(
    list(
      key = text_column(metrics, "key"),
      value = number_column(metrics, "value"),
      timestamp = time_column(metrics, "timestamp"),
      step = vapply(metrics, function(x) as_number(x$step %||% 0), 0)
    ),
    nrow = length(metrics)
  )
}
