# What a crate returned as the JSON of a reply, for the server in R alone.

predictions_json <- function(result, n) {
  if (inherits(result, "ranger.prediction")) result <- result$predictions
  result <- as_rows(result, n)
  if (is.data.frame(result)) return(records_json(result))
  if (is.matrix(result)) {
    columns <- lapply(seq_len(ncol(result)), function(at) reply_tokens(as.vector(result[, at])))
    return(json_array(paste0("[", do.call(paste, c(columns, sep = ", ")), "]")))
  }
  if (is.atomic(result)) return(json_array(reply_tokens(unname(result))))
  if (is.list(result) && !is.object(result)) {
    return(as.character(jsonlite::toJSON(result, auto_unbox = TRUE, digits = NA, null = "null", na = "null")))
  }
  class <- class(result)[[1]]
  refuse(paste0("The model returned an object of class ", class, ", which cannot be sent."), "BAD_REQUEST")
}

# A matrix with names as a data frame, one of a single column as a vector; so is what R made of one row.
as_rows <- function(result, n) {
  if (is.data.frame(result)) return(result)
  size <- dim(result)
  if (is.null(size) && n == 1 && is.atomic(result) && length(result) > 1 && !is.null(names(result))) {
    result <- matrix(result, 1, dimnames = list(NULL, names(result)))
  } else if (length(size) == 2 && size[[2]] == 1) {
    return(as.vector(result))
  }
  if (is.null(colnames(result))) result else as.data.frame(result, optional = TRUE)
}

records_json <- function(frame) {
  cells <- Map(
    function(name, column) paste0(name, ": ", reply_tokens(column)), json_texts(names(frame)), frame
  )
  json_array(paste0("{", do.call(paste, c(unname(cells), sep = ", ")), "}"))
}

json_array <- function(tokens) {
  paste0("[", paste(tokens, collapse = ", "), "]")
}

# Valid JSON: what is not finite is null.
reply_tokens <- function(column) {
  if (is.double(column) && !is.object(column)) column[!is.finite(column)] <- NA
  tokens <- json_column("prediction", column, NULL)
  if (inherits(column, "POSIXt")) tokens <- sub("\"$", "Z\"", tokens)
  tokens
}
