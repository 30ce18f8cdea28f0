#' Score data with a served model
#'
#' Sends rows to a scoring server, such as of `crateflow models serve`. Numbers keep every bit in both
#' directions.
#'
#' @param url Address of the server, with or without `/invocations`.
#' @param data Data frame. Factors and dates are sent as texts, times in UTC, NA as null.
#' @param params Named list of further arguments of the model.
#' @param token Bearer token, where the server wants one. The credentials of the tracking server are not
#'   sent.
#' @returns A vector with one prediction for each row, or a tibble where the model predicts several
#'   columns; missing values are NA.
#' @export
#' @examplesIf nzchar(Sys.getenv("CRATEFLOW_SCORING_URL"))
#' mlflow_score(Sys.getenv("CRATEFLOW_SCORING_URL"), head(iris["Sepal.Length"]))
mlflow_score <- function(url, data, params = NULL, token = NULL) {
  url <- sub("/+$", "", sub("/invocations/*$", "", check_string(url)))
  if (!grepl("^https?://[^/]", url)) {
    abort("{.arg url} must begin with http:// or https://, not be {.val {url}}.", "invalid_argument")
  }
  check_data_frame(data)
  check_named_list(params)
  more <- if (length(params) > 0) paste0(", \"params\": ", to_json(params)) else ""
  body <- paste0("{\"dataframe_split\": ", split_json(data), more, "}")
  server <- list(
    tracking_uri = url, credentials = list(token = check_string(token, null = TRUE))
  )
  request_build(server, "POST", scoring_endpoint, body = structure(body, class = "json")) |>
    request_perform(idempotent = TRUE, read = read_predictions)
}

# One element per row where the reply has that shape, else the value as it came.
read_predictions <- function(text) {
  # Some servers answer with words that are not JSON.
  text <- replace_bare_words(replace_bare_words(text, "NaN", "null"), "Infinity", "1e999")
  reply <- jsonlite::fromJSON(text)
  value <- if (is.list(reply) && "predictions" %in% names(reply)) reply$predictions else reply
  # No rows, of no type.
  if (identical(value, list())) value <- logical()
  if (is.matrix(value)) value <- as.data.frame(value)
  if (is.data.frame(value)) tibble::as_tibble(value) else value
}
