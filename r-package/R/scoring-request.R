# Bodies of scoring requests as the data that a crate takes, for the server in R alone.

row_keys <- c("dataframe_split", "dataframe_records", "instances", "inputs")

request_of <- function(req) {
  type <- tolower(trimws(sub(";.*", "", req$CONTENT_TYPE %||% "application/json")))
  if (!type %in% c("", "application/json")) {
    refuse(paste0("The content type is '", type, "'; in R alone, only application/json is read."),
      "UNSUPPORTED_MEDIA_TYPE",
      status = 415L
    )
  }
  malformed <- function(cnd) refuse("The body is not JSON in UTF-8.", "BAD_REQUEST")
  text <- text_of_bytes(req$rook.input$read())
  if (!validUTF8(text)) malformed()
  request <- tryCatch(from_json(replace_bare_words(text, "NaN", "null")), error = malformed)
  given <- intersect(names(request), row_keys)
  if (!is.list(request) || length(given) != 1) {
    refuse(
      paste0("A body needs exactly one of the keys ", paste(row_keys, collapse = ", "), "."), "BAD_REQUEST"
    )
  }
  request
}

# A data frame, or a vector or matrix where rows have no names.
request_rows <- function(request, schema) {
  key <- intersect(names(request), row_keys)
  value <- request[[key]]
  if (key == "dataframe_split") return(typed_frame(split_columns(value), length(value$data), schema))
  if (rlang::is_named(value)) {
    single <- lengths(value) == 1 & !vapply(value, is.list, NA)
    columns <- if (all(single)) lapply(value, list) else value
    if (length(unique(lengths(columns))) > 1) {
      refuse(paste0("The columns in '", key, "' must be lists of equal length."))
    }
    return(typed_frame(columns, length(columns[[1]]), schema))
  }
  if (all(vapply(value, rlang::is_named, NA)) && length(value) > 0 || key == "dataframe_records") {
    names <- unique(unlist(lapply(value, names)))
    columns <- lapply(stats::setNames(names, names), function(name) lapply(value, `[[`, name))
    return(typed_frame(columns, length(value), schema))
  }
  nameless_rows(as.list(value), key, schema)
}

split_columns <- function(split) {
  rows <- split$data
  if (!is.list(rows) || !all(vapply(rows, is.list, NA))) {
    refuse("'dataframe_split' is an object with lists 'columns' and 'data'.", "BAD_REQUEST")
  }
  names <- vapply(split$columns %||% seq_along(rows[[1]]), as.character, "")
  if (any(lengths(rows) != length(names))) {
    refuse(paste0("Every row must have ", length(names), " values."), "BAD_REQUEST")
  }
  if (anyDuplicated(names)) refuse("'columns' of 'dataframe_split' names a column twice.")
  stats::setNames(lapply(seq_along(names), function(at) lapply(rows, `[[`, at)), names)
}

nameless_rows <- function(values, key, schema) {
  wanted <- vapply(schema, function(column) column$name %||% "", "")
  if (length(wanted) == 1 && !any(vapply(values, is.list, NA))) {
    return(typed_frame(stats::setNames(list(values), wanted), length(values), schema))
  }
  if (any(nzchar(wanted))) {
    refuse(paste0(
      "The model takes the columns ", paste(wanted, collapse = ", "), ", but '", key, "' holds rows ",
      "without names; send an object of columns or 'dataframe_split'."
    ))
  }
  if (!any(vapply(values, is.list, NA))) return(natural_column("value", values))
  if (length(unique(lengths(values))) > 1) refuse("The lists differ in length.")
  do.call(rbind, lapply(values, function(row) natural_column("value", row)))
}

typed_frame <- function(columns, n, schema) {
  if (length(schema) > 0 && !is.null(schema[[1]]$name)) {
    names(schema) <- vapply(schema, function(column) column$name, "")
    required <- vapply(schema, function(column) !isFALSE(column$required), NA)
    absent <- setdiff(names(schema)[required], names(columns))
    if (length(absent) > 0) {
      absent <- paste(absent, collapse = ", ")
      refuse(paste0("The rows do not fit the model's signature: missing ", absent, "."))
    }
    columns <- columns[intersect(names(schema), names(columns))]
    types <- lapply(schema[names(columns)], function(column) column$type)
    columns <- Map(typed_column, names(columns), columns, types)
  } else {
    columns <- Map(natural_column, names(columns), columns)
  }
  structure(columns, class = "data.frame", row.names = .set_row_names(n))
}

typed_column <- function(name, cells, type) {
  cells <- lapply(cells, function(cell) cell %||% NA)
  unfit <- function(expected) {
    refuse(paste0("The rows do not fit the model's signature: column '", name, "': expected ", expected, "."))
  }
  if (any(lengths(cells) != 1)) unfit("single values")
  switch(type,
    double = ,
    float = ,
    integer = ,
    long = {
      numbers <- vapply(cells, function(cell) suppressWarnings(as.double(cell)), 0)
      given <- vapply(cells, function(cell) !is.na(cell) && cell != "NA", NA)
      if (any(is.na(numbers) & given)) unfit("numbers")
      if (type %in% c("double", "float")) return(numbers)
      if (any(numbers != trunc(numbers), na.rm = TRUE)) unfit("integers")
      if (any(abs(numbers) > .Machine$integer.max, na.rm = TRUE)) numbers else as.integer(numbers)
    },
    boolean = {
      known <- c(true = TRUE, t = TRUE, `1` = TRUE, false = FALSE, f = FALSE, `0` = FALSE)
      texts <- vapply(cells, function(cell) tolower(as.character(cell)), "")
      truths <- unname(known[texts])
      if (any(is.na(truths) & !is.na(texts))) unfit("true or false")
      truths
    },
    datetime = {
      texts <- sub("Z$", "", vapply(cells, as.character, ""))
      times <- as.POSIXct(sub("T", " ", texts), tz = "UTC", optional = TRUE,
        tryFormats = c("%Y-%m-%d %H:%M:%OS", "%Y-%m-%d %H:%M", "%Y-%m-%d")
      )
      if (any(is.na(times) & !is.na(texts))) unfit("times in ISO 8601")
      times
    },
    vapply(cells, function(cell) as.character(cell), "")
  )
}

natural_column <- function(name, cells) {
  cells <- lapply(cells, function(cell) cell %||% NA)
  kinds <- unique(vapply(Filter(Negate(anyNA), cells), function(cell) class(cell)[[1]], ""))
  if (any(lengths(cells) != 1) || ("character" %in% kinds && length(kinds) > 1)) {
    refuse(paste0("The rows cannot be read: column '", name, "' mixes kinds of values."))
  }
  if (length(kinds) == 0) rep(NA_real_, length(cells)) else unlist(cells)
}

# Factors with all their levels, dates and times, as the model was trained on them.
as_trained <- function(rows, fields) {
  if (!is.data.frame(rows)) return(rows)
  for (name in intersect(names(fields$input_levels), names(rows))) {
    levels <- as.character(fields$input_levels[[name]])
    texts <- as.character(rows[[name]])
    unknown <- setdiff(texts, c(levels, NA))
    if (length(unknown) > 0) {
      refuse(paste0(
        "The rows do not fit the model: column '", name, "': '", paste(unknown, collapse = "', '"),
        "' is none of the levels '", paste(levels, collapse = "', '"), "'."
      ))
    }
    rows[[name]] <- factor(texts, levels, ordered = identical(fields$input_types[[name]], "ordered"))
  }
  for (name in intersect(names(fields$input_types), names(rows))) {
    zone <- fields$input_zones[[name]] %||% "UTC"
    rows[[name]] <- switch(fields$input_types[[name]],
      Date = as.Date(rows[[name]]),
      POSIXct = .POSIXct(as.numeric(as.POSIXct(rows[[name]], tz = "UTC")), zone),
      rows[[name]]
    )
  }
  rows
}

request_params <- function(given, schema, arguments) {
  given <- lapply(given, unlist)
  if (is.null(schema)) {
    unknown <- setdiff(names(given), c(arguments, if ("..." %in% arguments) names(given)))
    unknown <- paste(unknown, collapse = ", ")
    if (nzchar(unknown)) refuse(paste0("The crate knows no params ", unknown, "."))
    return(given)
  }
  known <- vapply(schema, function(param) param$name, "")
  defaults <- stats::setNames(lapply(schema, function(param) unlist(param$default)), known)
  utils::modifyList(defaults, given[intersect(names(given), known)])
}
