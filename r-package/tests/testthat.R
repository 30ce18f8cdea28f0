library(testthat)
library(crateflow)

test_check("crateflow")
