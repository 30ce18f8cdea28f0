test_that("a data frame is written row by row, with the types of its columns", {
  data <- data.frame(
    d = c(5.1, NA, NaN), i = c(1L, NA, 3L), l = c(TRUE, FALSE, NA), s = c("a\"b\\", NA, "caf\u00e9"),
    f = factor(c("x", "y", NA)), day = as.Date(c("2024-01-02", NA, "1969-12-31")),
    at = .POSIXct(c(1704164645.678, NA, 0), tz = "Europe/Berlin")
  )
  expect_identical(
    split_json(data),
    paste0(
      '{"columns": ["d", "i", "l", "s", "f", "day", "at"], "data": [',
      '[5.1, 1, true, "a\\"b\\\\", "x", "2024-01-02", "2024-01-02T03:04:05.678"], ',
      '[null, null, false, null, "y", null, null], ',
      '[NaN, 3, null, "caf\u00e9", null, "1969-12-31", "1970-01-01T00:00:00"]]}'
    )
  )
})

test_that("what has a level for missing values is missing", {
  expect_identical(json_column("f", addNA(factor(c("a", NA))), NULL), c("\"a\"", "null"))
})

test_that("names are left as they are, and empty frames are written", {
  data <- data.frame(`citric acid` = 1, check.names = FALSE)
  expect_identical(split_json(data), '{"columns": ["citric acid"], "data": [[1.0]]}')
  expect_identical(split_json(data[0, , drop = FALSE]), '{"columns": ["citric acid"], "data": []}')
})

test_that("infinities are the words that servers read", {
  expect_identical(json_doubles(c(Inf, -Inf)), c("Infinity", "-Infinity"))
})

test_that("times round to the microsecond", {
  expect_identical(iso_time(.POSIXct(0.9999999)), "1970-01-01T00:00:01")
  expect_identical(iso_time(.POSIXct(-0.5)), "1969-12-31T23:59:59.5")
})

test_that("a column that cannot be sent is named", {
  data <- data.frame(a = 1)
  data$nested <- list(1:2)
  expect_error(split_json(data), "`nested` is of class list", class = "crateflow_error_invalid_input")
  expect_error(split_json(data.frame(a = I(list(1)))), "`a` is of class list")
})
